"""Whether words are kind or unkind, by a lexicon (VADER; English only)."""

from functools import cached_property

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer


class Opinion:
    """Valence of English sentences."""

    name = "vader"

    @cached_property
    def _analyzer(self) -> SentimentIntensityAnalyzer:
        return SentimentIntensityAnalyzer()  # reads its lexicon: not for films without words

    def valence(self, sentence: str) -> float:
        """-1 negative .. 1 positive; 0 where no word of the lexicon is in it."""
        return float(self._analyzer.polarity_scores(sentence)["compound"])
