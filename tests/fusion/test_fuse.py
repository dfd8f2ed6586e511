import msgspec
import numpy as np
import pytest

from schemas.codec import pack
from schemas.messages import MODALITIES, FusedWindow, Modality, StreamStatus, Tokens, Utterance, Window
from streamer.fusion.fuse import Fuse, prompts, query_table
from streamer.labels import Label, LabelSet, load
from streamer.models.encoders import load_text
from streamer.models.protocols import Queries
from tests.fusion.messages import utterance, window
from tests.media_folder import needs_models

WIDTH = 6
ATTENTION = msgspec.structs.replace(load().attention, z_min=dict.fromkeys(MODALITIES, 2.5), gain=dict.fromkeys(MODALITIES, 1.6))
AXES = np.eye(WIDTH, dtype=np.float32)


def label(name: str, **fields: object) -> Label:
    known = {"prior": -2.0, "threshold": 0.6, "off": 0.35, "phrase": {"en": name, "zh": name}}
    return Label(name=name, **{**known, **fields})  # type: ignore[arg-type]


def label_set(*labels: Label) -> LabelSet:
    return LabelSet(labels=labels, attention=ATTENTION)


def queries(count: int, deviation: float = 0.1) -> Queries:
    return Queries(AXES[:count], np.zeros(count, np.float32), np.full(count, deviation, np.float32))


def tokens(*spans: tuple[float, float], axis: int = 0, strength: float = 0.8, texts: tuple[str, ...] = ()) -> Tokens:
    """Tokens whose key lies `strength` along an axis: 10 · strength deviations for its label, 0 for the others."""
    key = strength * AXES[axis] + np.sqrt(1 - strength**2) * AXES[-1]
    return Tokens(spans=np.array(spans), keys=np.stack([key] * len(spans)), reliability=np.ones(len(spans), np.float32), texts=texts)


def fuse(labels: LabelSet, *windows: Window, **tables: Queries) -> list[FusedWindow]:
    stage = Fuse(labels, {modality: tables[modality] for modality in MODALITIES if modality in tables})
    return [message for message in stage(windows) if isinstance(message, FusedWindow)]


def logits(fused: FusedWindow) -> np.ndarray:
    return fused.prior[:, None] + fused.evidence.sum(2)


def lexical(*phrases: str, text: str, probability: float = 0.9) -> tuple[FusedWindow, Utterance]:
    spoken = utterance(21, 41, text, probability)
    [fused] = fuse(label_set(label("it", says=phrases, threshold=0.4, off=0.2)), window(utterances=(spoken,)))
    return fused, spoken


# --- level 0 over windows ------------------------------------------------------------------------------------------


def test_what_is_seen_speaks_for_its_label_where_it_is_seen() -> None:
    labels = label_set(label("cat", prompts={"vision": ("a cat",)}), label("dog", prompts={"vision": ("a dog",)}))
    [fused] = fuse(labels, window(vision=tokens((2.0, 3.0), (3.0, 4.0))), vision=queries(2))
    assert fused.bins.tolist() == [0.5 * i for i in range(16)]
    on = fused.bins[logits(fused)[0] > 0.5]
    assert 2.0 in on
    assert 3.5 in on
    assert on.min() >= 0.5  # reach: 1.5 s, where there is nothing else to look at
    assert on.max() <= 5.0
    assert (fused.evidence[1] == 0).all()
    assert fused.looked["vision"].shape == (2, 16, 2)
    assert fused.scores["vision"][:, 0] == pytest.approx([8.0, 0.0], abs=1e-5)


def test_only_declared_modalities_give_evidence() -> None:
    labels = label_set(label("bark", prompts={"sound": ("a bark",)}), label("dog", prompts={"sound": ("dog",), "vision": ("dog",)}))
    both = window(sound=tokens((1.0, 2.0)), vision=tokens((1.0, 2.0), axis=1))
    table = Queries(AXES[[0, 0]], np.zeros(2, np.float32), np.full(2, 0.1, np.float32))
    sight = Queries(AXES[[1, 1]], np.zeros(2, np.float32), np.full(2, 0.1, np.float32))
    [fused] = fuse(labels, both, sound=table, vision=sight)
    assert (fused.evidence[0, :, MODALITIES.index("vision")] == 0).all()
    assert fused.evidence[1, 2, MODALITIES.index("vision")] > 0
    assert fused.evidence[1, 2, MODALITIES.index("sound")] > 0


def test_all_modalities_missing_leaves_the_prior() -> None:
    labels = label_set(label("cat", prompts={"vision": ("a cat",)}, prior=-3.0))
    [fused] = fuse(labels, window(), vision=queries(1))
    assert (logits(fused) == -3.0).all()
    assert fused.looked == {}


def test_without_encoders_exact_words_still_count() -> None:
    fused, _ = lexical("banana", text="one banana please")
    assert logits(fused).max() > 0


def test_batches_change_no_byte_and_other_messages_pass_in_order() -> None:
    labels = label_set(label("cat", prompts={"vision": ("a cat",)}), label("it", says=("hello",)))
    windows = [window(4.0 * n, vision=tokens(*[(4.0 * n + i, 4.0 * n + i + 1) for i in range(n + 1)])) for n in range(12)]
    note = StreamStatus(stream="s", id="x", state="ended")
    stage = Fuse(labels, {"vision": queries(2)})
    together = list(stage([*windows[:5], note, *windows[5:]]))
    singly = [out for message in [*windows[:5], note, *windows[5:]] for out in Fuse(labels, {"vision": queries(2)})([message])]
    assert pack(together) == pack(singly)
    assert together[5] is note
    assert not stage.states


def test_a_phrase_is_tied_to_its_own_span() -> None:
    labels = label_set(label("fire", prompts={"text": ("a fire",)}))
    [fused] = fuse(labels, window(text=tokens((3.0, 4.0), texts=("fire",))), text=queries(1))
    assert fused.bins[fused.evidence[0].max(1) > 0].tolist() == [2.5, 3.0, 3.5, 4.0]


def test_a_modality_with_gaps_counts_less() -> None:
    labels = label_set(label("cat", prompts={"vision": ("a cat",)}))
    whole, half = (fuse(labels, window(vision=tokens((2.0, 3.0)), observed=share), vision=queries(1))[0] for share in (1.0, 0.5))
    assert half.evidence == pytest.approx(whole.evidence / 2)


# --- prompts and queries -------------------------------------------------------------------------------------------


def test_prompts_are_in_the_order_of_labels_and_their_mean_is_the_query() -> None:
    cat, rain = label("cat", prompts={"vision": ("a cat", "a kitten")}), label("rain", prompts={"sound": ("rain",)})
    labels = label_set(cat, rain, label("dog", prompts={"vision": ("a dog",)}))
    assert prompts(labels) == {"vision": ["a cat", "a kitten", "a dog"], "sound": ["rain"]}
    made = Queries(AXES[:3], np.array([0.1, 0.3, 0.2], np.float32), np.array([0.1, 0.2, 0.3], np.float32))
    table = query_table(labels, "vision", made)
    root = np.sqrt(2)
    assert table.vectors == pytest.approx(np.stack([(AXES[0] + AXES[1]) / root, 0 * AXES[0], AXES[2]]), abs=1e-6)
    assert table.mean == pytest.approx([0.2 * root, 0, 0.2])
    assert table.deviation == pytest.approx([0.15, 1, 0.3])


@needs_models
def test_a_label_of_two_prompts_has_about_the_background_that_its_mean_vector_has() -> None:
    text = load_text()
    labels = label_set(label("dog", prompts={"text": ("a dog barking", "a puppy that barks")}))
    table = query_table(labels, "text", text.queries(prompts(labels)["text"]))
    single = text.queries(["a dog barking", "a puppy that barks"])
    assert np.linalg.norm(table.vectors[0]) == pytest.approx(1, abs=1e-5)
    assert table.deviation[0] == pytest.approx(single.deviation.mean(), rel=0.01)


# --- what is said --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("banana", "I will say Banana."), ("banana", "two bananas!"), ("watch out", "Watch out, it falls"), ("stop", "they stopped it"),
        ("dance", "everybody is dancing"), ("I'm sorry", "oh I’m sorry"), ("city", "large cities"), ("bus", "all buses"),
        ("dog", "the dog's tail"), ("小心", "大家 小心 一点"), ("EXIT", "no exit here"), ("CAFÉ", "at the café"),
    ],
)  # fmt: skip
def test_phrases_are_found_case_punctuation_and_inflection_aside(phrase: str, text: str) -> None:
    fused, spoken = lexical(phrase, text=text)
    [hit] = fused.hits
    assert (hit.id, hit.modality, hit.label) == (spoken.id, "text", "it")


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("banana", "a band of bandits"), ("watch out", "watch it go out"), ("out watch", "watch out"), ("car", "a scar and a card"),
        ("小心", "小 大 心"),
    ],
)  # fmt: skip
def test_other_words_are_not(phrase: str, text: str) -> None:
    assert lexical(phrase, text=text)[0].hits == ()


@pytest.mark.parametrize("probability", [0.05, 0.4, 0.6, 0.9, 1.0])
def test_each_saying_is_on_for_its_words_and_the_bins_they_touch(probability: float) -> None:
    fused, spoken = lexical("banana", text="now I say banana here", probability=probability)
    word = spoken.words[3]  # 3.3 .. 3.7 s
    p = 1 / (1 + np.exp(-logits(fused)[0]))
    assert fused.bins[p >= 0.4].tolist() == [3.0, 3.5]
    assert (p[(fused.bins < 3.0) | (fused.bins > 3.5)] < 0.2).all()
    assert p.max() == pytest.approx(np.clip(probability, 0.5, 0.98), abs=1e-5)
    assert (fused.hits[0].start, fused.hits[0].end, fused.hits[0].quote) == (word.start, word.end, "banana")


def test_a_phrase_of_several_words_has_their_span_and_the_weakest_probability() -> None:
    spoken = utterance(20, 40, "please watch out now")
    words = tuple(msgspec.structs.replace(word, probability=0.6 + 0.1 * i) for i, word in enumerate(spoken.words))
    labels = label_set(label("it", says=("watch out",)))
    [fused] = fuse(labels, window(utterances=(msgspec.structs.replace(spoken, words=words),)))
    [hit] = fused.hits
    assert (hit.start, hit.end, hit.quote) == (2.5, 3.5, "watch out")
    assert hit.probability == pytest.approx(0.7)


def test_both_windows_that_hold_a_word_say_the_same() -> None:
    spoken = utterance(70, 84, "and banana")  # the word: 7.7 .. 8.4 s
    labels = label_set(label("it", says=("banana",)))
    first, second, third = fuse(labels, *(window(start, utterances=(spoken,)) for start in (0.0, 4.0, 8.0)))
    at = {fused.window.start: dict(zip(fused.bins.tolist(), logits(fused)[0].tolist(), strict=True)) for fused in (first, second, third)}
    assert at[0.0][7.5] == at[4.0][7.5] > 0
    assert at[4.0][8.0] == at[8.0][8.0] > 0
    assert at[8.0][8.5] == -2.0


def test_words_without_times_stand_for_their_utterance() -> None:
    spoken = msgspec.structs.replace(utterance(20, 40, "a banana"), words=(), log_probability=-0.1)
    [fused] = fuse(label_set(label("it", says=("banana",))), window(utterances=(spoken,)))
    assert (fused.hits[0].start, fused.hits[0].end) == (2.0, 4.0)


def test_a_denied_phrase_is_no_evidence_but_a_warning_may_deny() -> None:
    fire, keep_off = label("fire", prompts={"text": ("a fire",)}), label("keep off", prompts={"text": ("do not enter",)})
    table = Queries(AXES[[0, 0]], np.zeros(2, np.float32), np.full(2, 0.1, np.float32))

    def text_evidence(text: str) -> list[bool]:
        [fused] = fuse(label_set(fire, keep_off), window(text=tokens((2.0, 3.0), texts=(text,))), text=table)
        return [bool(row.max() > 0) for row in fused.evidence]

    assert text_evidence("there is a fire") == [True, True]
    for denied in ("there is no fire", "it isn't a fire", "That is not a fire.", "这里没有火"):
        assert text_evidence(denied) == [False, True]
    assert text_evidence("a notable knot") == [True, True]


@pytest.mark.parametrize(("mode", "scored", "counted"), [("evidence", True, True), ("mention", True, False), ("off", False, False)])
def test_text_mode_decides_what_a_mention_is_worth(mode: str, scored: bool, counted: bool) -> None:
    labels = label_set(label("fire", prompts={"text": ("a fire",)}, text_mode=mode), label("x", prompts={"text": ("x",)}))
    made = queries(2) if scored else Queries(AXES[1:2], np.zeros(1, np.float32), np.full(1, 0.1, np.float32))
    assert prompts(labels)["text"] == (["a fire", "x"] if scored else ["x"])
    [fused] = fuse(labels, window(text=tokens((2.0, 3.0), texts=("fire",))), text=query_table(labels, "text", made))
    assert bool(fused.evidence[0].max() > 0) == counted
    assert bool(fused.scores["text"][0].max() > 1) == scored


# --- what is written -----------------------------------------------------------------------------------------------


def test_writing_is_found_as_long_as_its_line_stays() -> None:
    lines = tokens((2.0, 4.0), (4.0, 6.1), axis=3, texts=("EMERGENCY EXIT", "EMERGENCY EXIT"))
    [fused] = fuse(label_set(label("it", shows=("exit",))), window(ocr=lines))
    assert fused.bins[logits(fused)[0] > 0].tolist() == [2.0 + 0.5 * i for i in range(9)]
    assert {hit.modality for hit in fused.hits} == {"ocr"}
    assert fused.hits[0].quote == "EMERGENCY EXIT"


@pytest.mark.parametrize(
    ("phrase", "line", "there"),
    [
        ("the end", "THEEND", True), ("the end", "The End.", True), ("the end", "THE ENDING", True), ("the end", "WEEKEND", False),
        ("exit", "EXIT 12", True), ("exit", "existing", False), ("小心", "小心台阶", True),
    ],
)  # fmt: skip
def test_writing_may_have_lost_its_spaces(phrase: str, line: str, there: bool) -> None:
    lines = tokens((2.0, 4.0), axis=3, texts=(line,))
    [fused] = fuse(label_set(label("it", shows=(phrase,))), window(ocr=lines))
    assert bool(fused.hits) == there


def test_hits_outside_the_window_are_left_out() -> None:
    lines = tokens((2.0, 3.5), axis=3, texts=("EXIT",))
    [fused] = fuse(label_set(label("it", shows=("exit",))), window(4.0, ocr=lines))
    assert fused.hits == ()
    assert (logits(fused) == -2.0).all()


def test_exact_words_and_meaning_do_not_add_up() -> None:
    modality: Modality = "text"
    hello = label("hello", prompts={modality: ("hello",)}, says=("hello",))
    spoken = utterance(20, 25, "hello", 0.9)
    [fused] = fuse(label_set(hello), window(utterances=(spoken,), text=tokens((2.0, 2.5), texts=("hello",))), text=queries(1))
    [meant] = fuse(label_set(hello), window(text=tokens((2.0, 2.5), texts=("hello",))), text=queries(1))
    exact = np.log(0.9 / 0.1) + 2
    assert fused.evidence[0, 4, MODALITIES.index("text")] == pytest.approx(max(exact, meant.evidence[0, 4].max()))
