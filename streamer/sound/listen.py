"""The stage `listen`: sound becomes vectors of overlapping patches, and loudness on a grid.

samples  |·······|·······|·······|·······|···        blocks of any length
patches  |── 0 ──────────|                           YAMNet: .975 s each, every .48 s from time 0
                 |── 1 ──────────|
fine         |── ½ ──────────|                       … and those between, and rows of onsets, where they are wanted
"""

import math
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import numpy as np

from schemas.messages import AnyMessage, Audio, Features, Fine, Levels, Modality, Watermark, identity, microseconds
from streamer.models.mel import RATE_HZ
from streamer.models.protocols import SoundEncoder
from streamer.sound import onsets

HOP_S = 0.5  # of Levels, seconds: the bins of the fusion
CELL_S = 4.0  # Levels come by the cell: the hop of the windows
SILENCE_DBFS = -100.0  # the least loudness that is told: below it 16-bit sound has no bits left
UNHEARD_DBFS, HEARD_DBFS = -80.0, -50.0  # level: noise of a 16-bit recorder; the softest a room's sounds get
LEAST = 1e-4  # reliability is never zero, for its logarithm is used


class ListenState(msgspec.Struct):
    """What one stream keeps: the samples that a later patch or cell still needs."""

    stream: str
    epoch: int
    rate: int  # Hz
    patch: int  # number of the next patch
    heard: int  # sample up to which patches have gone
    cell: int  # sample at which the next Levels begin
    start: int  # sample at which `samples` begins
    samples: np.ndarray  # float32 [samples]

    @property
    def end(self) -> int:
        """The sample behind the last one that has come."""
        return self.start + len(self.samples)

    def cut(self, first: int, last: int) -> np.ndarray:
        """float32 [last - first]: the samples of this span, zeros where there are none."""
        inside = self.samples[max(0, first - self.start) : max(0, last - self.start)]
        if len(inside) == last - first:
            return inside
        before = max(0, self.start - first)
        return np.pad(inside, (before, last - first - before - len(inside)))


class FineListenState(ListenState):
    """… and for what is fine."""

    begun: int = 0  # first sample of the stream
    half: int = 0  # number of the next patch, counted in half hops
    span: int = 0  # number of the next span of onsets


class Listen:
    """Audio in; Features(sound), Levels(loudness) and Watermarks of sound out."""

    name = "listen"
    reads = (Audio, Watermark)
    marks: tuple[Modality, ...] = ("sound",)
    state_type: type[ListenState] = ListenState

    def __init__(self, encoder: SoundEncoder | None, fine: bool = False) -> None:
        """Without an encoder there is loudness only; `fine`: Fine(onsets) too, and Fine(sound) where the encoder has vectors."""
        self.states: dict[str, ListenState] = {}
        self.encoder = encoder
        self.state_type = FineListenState if fine else ListenState

    def __call__(self, batch: Sequence[AnyMessage]) -> Iterable[AnyMessage]:
        """What is heard in a batch, in order."""
        for message in batch:
            match message:
                case Audio():
                    yield from self._hear(message)
                case Watermark(modality="sound"):
                    yield from self._reach(message)
                case _:
                    yield message

    def _hear(self, audio: Audio) -> Iterator[AnyMessage]:
        state = self.states.get(_key(audio))
        if state is None:
            state = self.states[_key(audio)] = self._begin(audio)
        state.samples = np.concatenate([state.samples, audio.samples])
        yield from self._patches(state)
        yield from _levels(state, state.end - state.end % round(CELL_S * state.rate))
        if isinstance(state, FineListenState):
            yield from _onsets(state, state.end - onsets.BEHIND)
        self._forget(state)

    def _begin(self, audio: Audio) -> ListenState:
        """The state of a stream whose sound begins here: patches on the grid of time 0, the first one may begin before it."""
        first = round(audio.time * audio.rate)
        bin_ = round(HOP_S * audio.rate)
        state = self.state_type(
            audio.stream, audio.epoch, audio.rate,
            patch=self._patch_at(first, audio.rate), heard=first, cell=first - first % bin_, start=first, samples=np.zeros(0, np.float32),
        )  # fmt: skip
        if isinstance(state, FineListenState):
            assert audio.rate == RATE_HZ, "the reader gives sound at 16 kHz"
            state.begun, state.span = first, first // onsets.SPAN
            hop = self._hop(state)
            state.half = -(-2 * (first - hop) // hop)  # the first whose middle is no earlier
        return state

    def _hop(self, state: ListenState) -> int:
        """Samples from patch to patch."""
        return round((self.encoder.hop_s if self.encoder else 1) * state.rate)

    def _patch_at(self, sample: int, rate: int) -> int:
        return sample // round(self.encoder.hop_s * rate) if self.encoder else 0

    def _patches(self, state: ListenState) -> Iterator[Features | Fine]:
        """The Features of all patches that are whole by now."""
        encoder = self.encoder
        if encoder is None:
            return
        if isinstance(state, FineListenState):
            yield from self._halves(state, encoder, round(encoder.patch_s * state.rate))
            return
        hop, length = round(encoder.hop_s * state.rate), round(encoder.patch_s * state.rate)
        while state.patch * hop + length <= state.end:
            yield self._encode(state, encoder, state.patch * hop, length)
            state.patch, state.heard = state.patch + 1, state.patch * hop + length

    def _halves(self, state: FineListenState, encoder: SoundEncoder, reach: int) -> Iterator[Features | Fine]:
        """The patches, every half hop, of which the first `reach` samples are there; those of whole hops are Features too."""
        hop, length = self._hop(state), round(encoder.patch_s * state.rate)
        while (first := state.half * hop // 2) + reach <= state.end:
            patch = self._encode(state, encoder, first, length)
            if first == state.patch * hop and first + length <= state.end:
                yield patch
                state.patch, state.heard = state.patch + 1, first + length
            if patch.vectors is not None:
                start, between = (first + hop) / state.rate, hop / 2 / state.rate
                yield Fine(stream=state.stream, epoch=state.epoch, kind="sound", start=start, hop=between, values=patch.vectors)
            state.half += 1

    def _encode(self, state: ListenState, encoder: SoundEncoder, first: int, length: int) -> Features:
        """One patch by itself, whatever else has come: the same bytes however the sound is cut."""
        keys, vectors = encoder.encode(state.cut(first, first + length))
        start, end = max(first, state.start), min(first + length, state.end)
        return Features(
            stream=state.stream, epoch=state.epoch, modality="sound",
            spans=np.array([[start, end]], np.float64) / state.rate,
            keys=keys.astype(np.float16), vectors=None if vectors is None else vectors.astype(np.float16),
            reliability=np.array([reliability(state.cut(start, end))], np.float32),
        )  # fmt: skip

    def _reach(self, watermark: Watermark) -> Iterator[AnyMessage]:
        """The answer to the reader's watermark; at the end of the sound what was left over comes first."""
        state = self.states.get(_key(watermark))
        if watermark.time == math.inf:
            if state is not None:
                yield from self._finish(state)
                del self.states[_key(watermark)]
            yield watermark
            return
        if state is not None and self.encoder is not None:
            following = state.patch * self.encoder.hop_s
            watermark = msgspec.structs.replace(watermark, time=min(watermark.time, following))
        if isinstance(state, FineListenState):  # the next Fine(sound) begins behind the next Features
            watermark = msgspec.structs.replace(watermark, time=min(watermark.time, state.span * onsets.SPAN / RATE_HZ))
        yield watermark

    def _finish(self, state: ListenState) -> Iterator[AnyMessage]:
        if self.encoder is not None and state.end > state.heard:
            hop, length = round(self.encoder.hop_s * state.rate), round(self.encoder.patch_s * state.rate)
            yield self._encode(state, self.encoder, state.patch * hop, length)
        yield from _levels(state, state.end)
        if isinstance(state, FineListenState):
            if self.encoder is not None:
                yield from self._halves(state, self.encoder, self._hop(state) + 1)
            yield from _onsets(state, state.end + onsets.SPAN - 1)

    def _forget(self, state: ListenState) -> None:
        """Drops the samples that nothing will ask for."""
        hop = round(self.encoder.hop_s * state.rate) if self.encoder else state.rate
        needed = min(state.cell, state.patch * hop) if self.encoder else state.cell
        if isinstance(state, FineListenState):
            needed = min(needed, state.half * hop // 2 if self.encoder else needed, state.span * onsets.SPAN - onsets.BEFORE)
        drop = max(0, needed - state.start)
        state.samples, state.start = state.samples[drop:], state.start + drop


def reliability(samples: np.ndarray) -> float:
    """1e-4 at or below -80 dBFS, 1 at or above -50 dBFS, straight in decibels between.

    The level, not its ratio to what came before: hum, rain and music are their own background.
    """
    share = (loudness(samples) - UNHEARD_DBFS) / (HEARD_DBFS - UNHEARD_DBFS)
    return min(1.0, max(LEAST, share))


def loudness(samples: np.ndarray) -> float:
    """RMS in dB below full scale, at least -100."""
    power = float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
    return max(SILENCE_DBFS, 10 * math.log10(power)) if power > 0 else SILENCE_DBFS


def _levels(state: ListenState, end: int) -> Iterator[Levels]:
    """The Levels of every cell up to sample `end`, the last one as far as it goes."""
    cell, bin_ = round(CELL_S * state.rate), round(HOP_S * state.rate)
    while state.cell < end:
        start, stop = state.cell, min(end, state.cell - state.cell % cell + cell)
        bins = range(start, stop, bin_)
        values = [loudness(state.cut(max(first, state.start), min(first + bin_, stop))) for first in bins]
        state.cell = stop
        yield Levels(
            stream=state.stream, epoch=state.epoch, start=start / state.rate, hop=HOP_S, loudness=np.array(values, np.float16),
            id=identity(state.stream, state.epoch, "loudness", microseconds(start / state.rate)),
        )  # fmt: skip


def _onsets(state: FineListenState, end: int) -> Iterator[Fine]:
    """The spans of onsets that end by sample `end`."""
    while (first := state.span * onsets.SPAN) + onsets.SPAN <= end:
        samples = state.cut(first - onsets.BEFORE, first + onsets.SPAN + onsets.BEHIND)
        values = onsets.rows(samples, state.begun - first + onsets.BEFORE)
        yield Fine(
            stream=state.stream, epoch=state.epoch, kind="onsets", start=first / RATE_HZ, hop=onsets.HOP_S, values=values
        )  # fmt: skip
        state.span += 1


def _key(message: AnyMessage) -> str:
    return f"{message.stream}|{message.epoch}"
