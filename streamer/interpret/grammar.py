"""Sentences for facts, in English and in Chinese.

Phrases come from labels and may be singular or plural, so every sentence is built without agreement ("can be heard").
"""

import dataclasses
from collections.abc import Callable, Sequence

ENDS = tuple(".!?…。！？")  # a quote that ends so needs no full stop behind it


@dataclasses.dataclass(frozen=True)
class Grammar:
    """One language: how facts are worded. `{things}` are phrases, `{when}` is one of the times, or empty."""

    name: str  # ISO 639-1
    space: str  # between sentences
    stop: str
    comma: str
    conjunction: str
    clock: Callable[[float], str]  # media seconds in words
    since: str  # {start}
    at: str  # {start}
    until: str  # {end}
    during: str  # {start}, {end}
    verbs: dict[str, str]  # of a label: seen, heard, both, said, shown
    change: str  # {times}
    changes: str  # {count}
    moves: str  # {when}
    moves_often: str
    dark: str
    bright: str
    says: str  # {quotes}
    then: str  # between two quotes
    speaks: str
    reads: str  # {lines}
    reads_more: str
    counts: str  # between the first and the last reading of figures that count
    plain: str  # what little there is to say of a picture, {looks}, and of the {sound}
    looks: dict[str, str]  # in this order
    between: str  # two looks
    hush: dict[str, str]  # of the sound, behind the picture: none, silent, some
    alone: dict[str, str]  # of the sound, where there is no picture
    nothing: dict[str, str]  # of both, by sound

    def sentence(self, text: str) -> str:
        """The text as a sentence: a capital where the script has them, and a full stop unless a quote brings its own."""
        closed = text.endswith("”") and text[:-1].endswith(ENDS)
        return text[:1].upper() + text[1:] + ("" if closed else self.stop)

    def several(self, things: Sequence[str]) -> str:
        """`a, b and c`."""
        if len(things) < 2:
            return "".join(things)
        return self.comma.join(things[:-1]) + self.conjunction + things[-1]


def quote(text: str) -> str:
    """The text in the quotation marks of both languages."""
    return f"“{text}”"


def _english_clock(seconds: float) -> str:
    tenths = round(seconds * 10)
    if tenths < 600:
        return f"{tenths / 10:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _chinese_clock(seconds: float) -> str:
    tenths = round(seconds * 10)
    if tenths < 600:
        return f"{tenths / 10:.1f}秒"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}小时{minutes:02}分{rest:02}秒" if hours else f"{minutes}分{rest:02}秒"


ENGLISH = Grammar(
    name="en",
    space=" ",
    stop=".",
    comma=", ",
    conjunction=" and ",
    clock=_english_clock,
    since="from {start} ",
    at="at {start} ",
    until="until {end} ",
    during="from {start} to {end} ",
    verbs={
        "seen": "{when}{things} can be seen",
        "heard": "{when}{things} can be heard",
        "both": "{when}{things} can be seen and heard",
        "said": "{when}the words suggest {things}",
        "shown": "{when}the writing suggests {things}",
    },
    change="at {times} the picture changes",
    changes="the picture changes {count} times",
    moves="{when}something moves in the picture",
    moves_often="now and then something moves in the picture",
    dark="the picture is dark",
    bright="the picture is very bright",
    says="someone says: {quotes}",
    then=", then: ",
    speaks="someone speaks, but the words are not clear",
    reads="the screen reads {lines}",
    reads_more="the screen reads, among other things, {lines}",
    counts=" to ",
    plain="a {looks} picture; {sound}",
    looks={"still": "still", "dark": "dark", "bright": "very bright"},
    between=", ",
    hush={"none": "no sound", "silent": "silence", "some": "nothing in particular is heard"},
    alone={"none": "no picture and no sound", "silent": "silence", "some": "nothing in particular is heard"},
    nothing={
        "none": "nothing in particular is seen; no sound",
        "silent": "nothing in particular is seen; silence",
        "some": "nothing in particular is heard or seen",
    },
)

CHINESE = Grammar(
    name="zh",
    space="",
    stop="。",
    comma="、",
    conjunction="和",
    clock=_chinese_clock,
    since="从{start}起",
    at="{start}时",
    until="{end}之前",
    during="从{start}到{end}",
    verbs={
        "seen": "{when}可以看到{things}",
        "heard": "{when}可以听到{things}",
        "both": "{when}可以看到并听到{things}",
        "said": "{when}话语似乎涉及{things}",
        "shown": "{when}屏幕上的文字似乎涉及{things}",
    },
    change="{times}时画面切换",
    changes="画面切换了{count}次",
    moves="{when}画面中有东西在动",
    moves_often="画面中不时有东西在动",
    dark="画面很暗",
    bright="画面非常亮",
    says="有人说：{quotes}",
    then="，接着说：",
    speaks="有人在说话，但听不清内容",
    reads="屏幕上写着{lines}",
    reads_more="屏幕上写着{lines}等字样",
    counts="至",
    plain="画面{looks}，{sound}",
    looks={"dark": "昏暗", "bright": "明亮", "still": "静止"},
    between="",
    hush={"none": "没有声音", "silent": "一片寂静", "some": "没有听到特别的声音"},
    alone={"none": "没有画面，也没有声音", "silent": "一片寂静", "some": "没有听到特别的声音"},
    nothing={
        "none": "没有看到特别的东西，没有声音",
        "silent": "没有看到特别的东西，一片寂静",
        "some": "没有看到或听到特别的东西",
    },
)

GRAMMARS = {grammar.name: grammar for grammar in (ENGLISH, CHINESE)}
