"""Whisper's tokens: prompts, text, and which tokens make a word."""

import pathlib
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

import tokenizers

Task = Literal["transcribe", "translate"]
BROKEN = "\ufffd"  # what half a character decodes to
UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "yue"})  # written without spaces: every character is a word
PUNCTUATION = frozenset(string.punctuation) | frozenset("。，！？：、；“”‘’«»…–—¿¡")


class Span(NamedTuple):
    """A word: its text with the space before it, and the range of tokens that sound."""

    text: str
    first: int
    end: int


class Vocabulary:
    """The tokens of one checkpoint.

    Args:
        decode: the text of token ids.
        special: id of each special token, such as `<|en|>`.
    """

    def __init__(self, decode: Callable[[list[int]], str], special: Mapping[str, int]) -> None:
        self._decode = decode
        self.start, self.end = special["<|startoftranscript|>"], special["<|endoftext|>"]
        self.no_speech = special.get("<|nospeech|>") or special["<|nocaptions|>"]  # the same token, renamed
        self.no_timestamps = special["<|notimestamps|>"]
        self.tasks = {"transcribe": special["<|transcribe|>"], "translate": special["<|translate|>"]}
        between = {number: name.strip("<|>") for name, number in special.items() if self.start < number < min(self.tasks.values())}
        self.languages = {between[number]: number for number in sorted(between)}  # code -> id
        self.multilingual = self.end == 50_257  # English-only vocabularies have one token less before it

    def prompt(self, language: str, task: Task) -> list[int]:
        """The tokens that tell the decoder what to do."""
        what = [self.languages[language], self.tasks[task]] if self.multilingual else []
        return [self.start, *what, self.no_timestamps]

    def text(self, tokens: Sequence[int]) -> str:
        """What the tokens say, special ones left out."""
        return self._decode([token for token in tokens if token < self.end])

    def words(self, tokens: Sequence[int], language: str) -> list[Span]:
        """The words of the tokens; punctuation joins its neighbour's text, not its time."""
        words: list[Span] = []
        opening = ""  # punctuation that belongs to the next word
        for piece in self._pieces(tokens):
            mark = all(letter in PUNCTUATION for letter in piece.text.strip())
            if mark and piece.text.startswith(" "):
                opening += piece.text
            elif words and not opening and (mark or not (piece.text.startswith(" ") or language in UNSPACED)):
                text, first, end = words[-1]
                words[-1] = Span(text + piece.text, first, end if mark else piece.end)
            else:
                text = opening + (piece.text.lstrip() if opening else piece.text)
                words.append(piece._replace(text=text))
                opening = ""
        return words

    def _pieces(self, tokens: Sequence[int]) -> list[Span]:
        """The shortest runs of tokens that are whole characters."""
        pieces: list[Span] = []
        first = 0
        for end in range(1, len(tokens) + 1):
            text = self.text(tokens[first:end])
            if BROKEN not in text or end == len(tokens):
                pieces.append(Span(text, first, end))
                first = end
        return pieces


def from_json(path: pathlib.Path) -> Vocabulary:
    """The vocabulary in a tokenizer.json."""
    tokenizer = tokenizers.Tokenizer.from_file(str(path))
    special = {token.content: number for number, token in tokenizer.get_added_tokens_decoder().items()}
    return Vocabulary(tokenizer.decode, special)
