"""A scene while it is being written: what has happened so far, and what room is left."""

from collections.abc import Sequence

from numpy.random import Generator

from streamer.synth.brush import WIDE
from streamer.synth.scene import LENGTH_S, Act, Dark, Heard, Spoken
from streamer.synth.speech.sentences import Kind
from streamer.synth.speech.utterances import Utterance, bank
from streamer.synth.speech.voices import VOICES
from streamer.synth.splits import Families
from streamer.synth.truth import Decoy, DecoyKind, Happened, Prosody, Written

Span = tuple[float, float]  # start, end in seconds of the scene
LEAST_S = 1.0  # an event is at least that long
PAUSE_S = 0.25  # between sentences
PLAINLY = 0.6  # share of sentences said without any feeling


class Draft:
    """Events, decoys and everything that shows them; times in seconds of the scene."""

    def __init__(self, rng: Generator, families: Families, split: str, labels: tuple[str, ...]) -> None:
        self.rng, self.families, self.split, self.labels = rng, families, split, labels
        self.events: list[Happened] = []
        self.decoys: list[Decoy] = []
        self.writing: list[Written] = []
        self.acts: list[Act] = []
        self.dark: list[Dark] = []
        self.heard: list[Heard] = []
        self.spoken: list[Spoken] = []
        self.face: float | None = None  # valence
        self.taken: list[Span] = []  # world: from x to x
        self.close = False  # sight and sound must agree to a tenth of a second
        voices = [name for name, voice in VOICES.items() if voice.use == families.voices]
        self.voice = voices[self.below(len(voices))]

    def uniform(self, low: float, high: float) -> float:
        """A number."""
        return float(self.rng.uniform(low, high))

    def below(self, count: int) -> int:
        """0 .. count - 1."""
        return int(self.rng.integers(count))

    def seed(self) -> int:
        """For what an act or a sound draws by itself."""
        return self.below(1 << 31)

    def chance(self, share: float) -> bool:
        """True in that share of cases."""
        return bool(self.rng.random() < share)

    def either(self) -> int:
        """-1 or 1."""
        return 1 if self.chance(0.5) else -1

    def start(self, length: float, first: float = 0.2) -> float:
        """When something of that length may begin."""
        return self.uniform(first, max(first + 0.01, LENGTH_S - length - 0.2))

    def happened(self, label: str, start: float, end: float) -> None:
        """An event, within the scene and of the least length."""
        start = min(max(0.0, start), LENGTH_S - LEAST_S)
        self.events.append(Happened(label, start, min(LENGTH_S, max(end, start + LEAST_S))))

    def deceived(self, kind: DecoyKind, label: str, start: float, end: float) -> None:
        """A decoy."""
        self.decoys.append(Decoy(kind, label, max(0.0, start), min(LENGTH_S, end)))

    def place(self, width: float, low: float = 0.1, high: float = WIDE - 0.1) -> float:
        """The middle of a place of that width, as free as it is found in a few tries."""
        tries = [self.uniform(low + width / 2, max(low + width / 2 + 0.01, high - width / 2)) for _ in range(12)]
        best = max(tries, key=lambda x: min((abs(x - (a + b) / 2) - (b - a) / 2 for a, b in self.taken), default=0.0))
        self.taken.append((best - width / 2, best + width / 2))
        return best

    def lag(self) -> float:
        """By how much a sound comes after its sight, in seconds."""
        return self.uniform(-0.06, 0.06) if self.close else self.uniform(-0.3, 0.3)

    def sound(self, label: str, start: float, length: float) -> None:
        """A lasting sound."""
        self.heard.append(Heard(label, start, length, self._family(), self.uniform(0.25, 0.85), self.seed()))

    def blows(self, label: str, times: Sequence[float]) -> None:
        """The same thing struck at those times."""
        self.heard.append(Heard(label, times[0], times[-1] - times[0], self._family(), self.uniform(0.4, 1), self.seed(), tuple(times)))

    def _family(self) -> int:
        return self.families.sounds[self.below(len(self.families.sounds))]

    def sentence(self, kind: Kind, about: str | None = None, prosody: Prosody | None = None) -> Utterance:
        """One of the scene's voice where there is such a one; without a prosody, in one that suits the words."""
        structure = self.families.structures[self.below(len(self.families.structures))]
        wanted = prosody or self._manner(kind)
        for manner in (wanted, None):
            found = bank().find(kind, self.families.voices, manner, structure, about)
            own = [utterance for utterance in found if utterance.voice == self.voice] or found
            if own:
                return own[self.below(len(own))]
        raise AssertionError(f"the bank says nothing of the kind {kind} about {about} in structure {structure}")

    def _manner(self, kind: Kind) -> Prosody:
        if self.chance(PLAINLY):
            return "neutral"
        suits: dict[Kind, Prosody] = {"greeting": "bright", "glad": "bright", "warning": "dull", "sad": "dull"}
        return suits.get(kind) or ("bright" if self.chance(0.5) else "dull")

    def say(self, utterance: Utterance, start: float) -> Span:
        """Says it; gives when."""
        self.spoken.append(Spoken(utterance, start, self.uniform(0.55, 1)))
        return start, start + length(utterance)

    def silent(self, start: float, length_s: float) -> bool:
        """Whether nobody speaks then."""
        spans = ((spoken.start, spoken.start + length(spoken.utterance)) for spoken in self.spoken)
        return all(start > end + PAUSE_S or start + length_s < begin - PAUSE_S for begin, end in spans)

    def pause(self, length_s: float) -> float | None:
        """A start at which nobody else speaks, or None."""
        starts = (self.start(length_s, 0.1) for _ in range(20))
        return next((start for start in starts if start + length_s < LENGTH_S and self.silent(start, length_s)), None)


def length(utterance: Utterance) -> float:
    """Seconds until its last word has ended."""
    return utterance.words[-1].end
