"""Words in time: held to what the voice activity saw, and joined to phrases."""

from collections.abc import Sequence

from schemas.messages import Word

PHRASE_S = 3.0  # at most: what one vector of meaning holds
GAP_S = 0.5  # a pause that ends a phrase
ENDS = tuple(".?!。？！…")
COMMAS = tuple(",;:，、；：")
TITLES = frozenset({"Mr.", "Mrs.", "Ms.", "Dr.", "St.", "Prof."})  # their full stop ends nothing


def moved(word: Word, seconds: float) -> Word:
    """The word so much later."""
    return Word(start=word.start + seconds, end=word.end + seconds, text=word.text, probability=word.probability)


def fit(words: Sequence[Word], quiet: Sequence[tuple[float, float]]) -> tuple[Word, ...]:
    """The words without the pauses that the alignment gave to them. `quiet` are spans without voice, in order."""
    return tuple(_fit(word, quiet) for word in words)


def _fit(word: Word, quiet: Sequence[tuple[float, float]]) -> Word:
    start, end = word.start, word.end
    for pause_start, pause_end in quiet:
        if start < pause_end < end:  # silence before a word is given to it, whatever it touches before that
            start = max(start, pause_end)
        elif start < pause_start < end:
            end = pause_start
    return Word(start=start, end=end, text=word.text, probability=word.probability)


def phrases(words: Sequence[Word]) -> list[Sequence[Word]]:
    """The words in runs of at most 3 s that end where a sentence or a breath ends."""
    found: list[Sequence[Word]] = []
    first = 0
    for end in range(1, len(words) + 1):
        if end == len(words) or _ends(words[end - 1], words[end]):
            found += _halves(words[first:end])
            first = end
    return found


def said(words: Sequence[Word]) -> str:
    """The words as one text."""
    return "".join(word.text for word in words).strip()


def _ends(word: Word, following: Word) -> bool:
    text = word.text.strip()
    return following.start - word.end >= GAP_S or (text.endswith(ENDS) and text not in TITLES)


def _halves(words: Sequence[Word]) -> list[Sequence[Word]]:
    length = words[-1].end - words[0].start
    if length <= PHRASE_S or len(words) == 1:
        return [words]
    middle = words[0].start + length / 2

    def fitness(place: int) -> float:
        before, after = words[place - 1], words[place]
        comma = GAP_S if before.text.strip().endswith(COMMAS) else 0.0  # worth a pause
        return after.start - before.end + comma - abs(before.end - middle) / length

    place = max(range(1, len(words)), key=fitness)
    return _halves(words[:place]) + _halves(words[place:])
