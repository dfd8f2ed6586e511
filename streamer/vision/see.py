"""The stage `see`: pictures become vectors, shots with keyframes, levels of light and movement, and lines of writing."""

import math
from collections.abc import Iterable, Iterator, Sequence

import cv2
import msgspec
import numpy as np

from schemas.messages import (
    AnyMessage,
    Features,
    Fine,
    Frame,
    Keyframe,
    Levels,
    Modality,
    Picture,
    ScreenText,
    Shot,
    Watermark,
    identity,
    microseconds,
)  # fmt: skip
from streamer.config import Vision
from streamer.models.protocols import FineImageEncoder, ImageEncoder, TextEncoder
from streamer.vision import keyframes, levels, lines, motion, shots
from streamer.vision.keyframes import Candidate, KeyframeState
from streamer.vision.levels import LevelState, Series
from streamer.vision.lines import Line, LineReader, LinesState, Token
from streamer.vision.motion import MotionState
from streamer.vision.sharpness import reliability
from streamer.vision.shots import ShotState, Span

CELL_S = levels.CELL * levels.HOP_S  # tokens of writing that stays come by the cell too
FRAME_S = 0.04  # how long a picture stays where nothing tells
MIDDLE_S = 0.5  # seconds from one vector to the next where what is fine is wanted
CODE = 28  # px: side of the small copy by which a picture is compared with the last encoded one
SAME = 4  # greys: no 8 × 8 px of the encoder's image differ more on average where its vector is used again
PHRASES = 512  # vectors of lines that are kept


class Seen(msgspec.Struct, frozen=True):
    """What the encoder made of the last picture, for as long as the next ones look the same."""

    code: np.ndarray  # uint8 [28, 28, 3]
    keys: np.ndarray  # float16 [1, width]
    vectors: np.ndarray | None  # float16 [1, width]
    reliability: float


class SeeState(msgspec.Struct):
    """What one stream keeps."""

    stream: str
    epoch: int
    shots: ShotState
    keyframes: KeyframeState
    lines: LinesState
    levels: LevelState | None = None  # None before the first thumbnail
    seen: Seen | None = None
    time: float | None = None  # of the last Frame: its token goes out when its end is known
    pace: float = math.inf  # seconds: the least time from a thumbnail to the next
    end: float = 0.0  # of the picture as far as it is known, seconds


class FineSeeState(SeeState):
    """… and for what is fine."""

    motion: MotionState | None = None  # None before the first thumbnail
    middle: np.ndarray | None = None  # float16 [width]: the middle layer of what was seen


class See:
    """Frames in; Features(vision, ocr), Shot, Keyframe, Picture, Levels, ScreenText and Watermarks of vision and ocr out."""

    name = "see"
    reads = (Frame, Watermark)
    marks: tuple[Modality, ...] = ("vision",)
    state_type: type[SeeState] = SeeState

    def __init__(
        self,
        encoder: ImageEncoder | None,
        text_encoder: TextEncoder | None,
        options: Vision,
        reader: LineReader | None,
        fine: bool = False,
    ) -> None:
        """Without an encoder there are no Features(vision), without a text encoder those of ocr are empty, without a reader no writing.

        `fine`: Fine(motion) too, and Fine(middle) where the encoder tells it.
        """
        self.state_type = FineSeeState if fine else SeeState
        self.states: dict[str, SeeState] = {}
        self.encoder, self.text_encoder, self.reader = encoder, text_encoder, reader
        self.options = options
        self.phrases: dict[str, np.ndarray] = {}  # text -> float16 [width]; only saves time

    def __call__(self, batch: Sequence[AnyMessage]) -> Iterable[AnyMessage]:
        """What is seen in a batch, in order."""
        for message in batch:
            match message:
                case Frame():
                    yield from self._see(message)
                case Watermark(modality="vision"):
                    yield from self._reach(message)
                case _:
                    yield message

    def _see(self, frame: Frame) -> Iterator[AnyMessage]:
        state = self.states.get(_key(frame))
        if state is None:
            state = self.state_type(frame.stream, frame.epoch, ShotState(), KeyframeState(), LinesState())
            self.states[_key(frame)] = state
        yield from self._glance(state, frame)
        if isinstance(state, FineSeeState):
            yield from _motion(state, frame)
        yield from self._token(state, frame.time)
        state.time = frame.time
        if self.encoder is not None:
            _look(state, self.encoder, frame.image)
        yield from self._read(state, frame)
        if self.options.keyframes:
            yield from _keep(state, frame)

    def _glance(self, state: SeeState, frame: Frame) -> Iterator[AnyMessage]:
        """What the thumbnails tell."""
        for picture, time in zip(frame.luma, frame.luma_times.tolist(), strict=True):
            before = state.shots.times[-1] if state.shots.times else -math.inf
            if time <= before:
                continue
            state.pace = min(state.pace, time - before)
            state.end = time + (state.pace if state.pace < math.inf else FRAME_S)
            if state.levels is None:
                state.levels = levels.begin(picture, time)
            yield from (_levels(state, series) for series in levels.observe(state.levels, picture, time))
            if over := shots.observe(state.shots, picture, time, self.options.cut_threshold):
                yield from _shot(state, over)

    def _token(self, state: SeeState, end: float) -> Iterator[Features | Fine]:
        """The vector of the last Frame, which stood until `end`."""
        if state.seen is not None and state.time is not None:
            yield Features(
                stream=state.stream, epoch=state.epoch, modality="vision", spans=np.array([[state.time, end]], np.float64),
                keys=state.seen.keys, vectors=state.seen.vectors, reliability=np.array([state.seen.reliability], np.float32),
            )  # fmt: skip
            if isinstance(state, FineSeeState) and state.middle is not None:
                yield Fine(
                    stream=state.stream, epoch=state.epoch, kind="middle", start=state.time, hop=MIDDLE_S, values=state.middle[None]
                )  # fmt: skip

    def _read(self, state: SeeState, frame: Frame) -> Iterator[AnyMessage]:
        if self.reader is None:
            return
        gone = lines.read(state.lines, frame.time, frame.picture, self.reader) if frame.picture is not None else []
        yield from self._written(state, gone, frame.time)

    def _written(self, state: SeeState, gone: list[Line], time: float) -> Iterator[AnyMessage]:
        """Lines that are gone at `time`, and tokens of them and of those that stay."""
        tokens = lines.tokens(state.lines, gone, time, CELL_S)
        if tokens:
            yield _ocr_features(state, tokens, np.stack([self._phrase(token.line.text) for token in tokens]))
        yield from (_screen_text(state, line, time) for line in gone)

    def _phrase(self, text: str) -> np.ndarray:
        """float16 [width]: the vector of a line; without an encoder of no width, and the text itself can still be searched."""
        if self.text_encoder is None:
            return np.zeros(0, np.float16)
        if text not in self.phrases:
            if len(self.phrases) >= PHRASES:
                self.phrases.pop(next(iter(self.phrases)))
            self.phrases[text] = self.text_encoder.encode([text])[0].astype(np.float16)
        return self.phrases[text]

    def _reach(self, watermark: Watermark) -> Iterator[AnyMessage]:
        """The answers to the reader's watermark: what may still begin is a token whose end is not known yet."""
        state = self.states.get(_key(watermark))
        reached = {"vision": watermark.time, "ocr": watermark.time}
        if state is not None and watermark.time == math.inf:
            yield from self._finish(state)
            del self.states[_key(watermark)]
        elif state is not None:
            state.end = max(state.end, watermark.time)
            if state.seen is not None and state.time is not None:
                reached["vision"] = min(watermark.time, state.time)
            reached["ocr"] = min([watermark.time, *(line.told for line in state.lines.lines)])
        yield msgspec.structs.replace(watermark, time=reached["vision"])
        if self.reader is None:
            yield msgspec.structs.replace(watermark, modality="ocr", time=math.inf, status="no_track")
        else:
            yield msgspec.structs.replace(watermark, modality="ocr", time=reached["ocr"])

    def _finish(self, state: SeeState) -> Iterator[AnyMessage]:
        """What waited for something to follow."""
        if state.levels is not None:
            yield from (_levels(state, series) for series in levels.finish(state.levels, state.end))
        yield from self._token(state, max(state.end, state.time or 0.0))
        if state.lines.lines:
            yield from self._written(state, lines.leave(state.lines), state.end)
        for over in shots.finish(state.shots, state.end, self.options.cut_threshold):
            yield from _shot(state, over)


def _look(state: SeeState, encoder: ImageEncoder, image: np.ndarray) -> None:
    """Takes a picture's vector: the last one where it looks the same; each picture by itself, so that batches change no bit."""
    code = cv2.resize(image, (CODE, CODE), interpolation=cv2.INTER_AREA)
    if state.seen is not None and int(cv2.absdiff(code, state.seen.code).max()) < SAME:
        return
    vectors: np.ndarray | None
    if isinstance(state, FineSeeState) and isinstance(encoder, FineImageEncoder):
        keys, vectors, middle = encoder.look(image[None])
        state.middle = middle[0].astype(np.float16)
    else:
        keys, vectors = encoder.encode(image[None])
    state.seen = Seen(code, keys.astype(np.float16), None if vectors is None else vectors.astype(np.float16), reliability(image))


def _motion(state: FineSeeState, frame: Frame) -> Iterator[Fine]:
    """What the thumbnails tell of movement."""
    rows: list[np.ndarray] = []
    for picture, time in zip(frame.luma, frame.luma_times.tolist(), strict=True):
        if state.motion is None or time - state.motion.time > motion.PAUSE_S:
            yield from _moved(state, rows)
            rows, state.motion = [], motion.begin(picture, time)
        elif time > state.motion.time:
            rows += motion.observe(state.motion, picture, time)
    yield from _moved(state, rows)


def _moved(state: FineSeeState, rows: list[np.ndarray]) -> Iterator[Fine]:
    """The newest rows of movement."""
    if state.motion is not None and rows:
        start = (state.motion.row - len(rows)) * motion.HOP_S
        yield Fine(stream=state.stream, epoch=state.epoch, kind="motion", start=start, hop=motion.HOP_S, values=np.stack(rows))


def _keep(state: SeeState, frame: Frame) -> Iterator[AnyMessage]:
    """The current shot's keyframe, when it is time to choose it."""
    if frame.picture is not None:
        keyframes.offer(state.keyframes, frame.time, frame.picture)
    if chosen := keyframes.choose(state.keyframes, state.shots.began, shots.settled(state.shots), state.shots.transition == "fade"):
        yield from _keyframe(state, chosen)


def _keyframe(state: SeeState, chosen: Candidate) -> Iterator[AnyMessage]:
    ref = keyframes.reference(chosen)
    yield Picture(stream=state.stream, epoch=state.epoch, ref=ref, jpeg=chosen.jpeg)
    yield Keyframe(
        stream=state.stream, epoch=state.epoch, id=identity(state.stream, state.epoch, "keyframe", microseconds(chosen.time)),
        time=chosen.time, ref=ref, width=chosen.width, height=chosen.height,
    )  # fmt: skip


def _shot(state: SeeState, over: Span) -> Iterator[AnyMessage]:
    """A shot that is over; its keyframe comes first if it was too short to have one before."""
    if state.keyframes.chosen is None and (chosen := keyframes.pick(state.keyframes, over.start, over.end, over.transition == "fade")):
        yield from _keyframe(state, chosen)
    yield Shot(
        stream=state.stream, epoch=state.epoch, id=identity(state.stream, state.epoch, "shot", microseconds(over.start)),
        start=over.start, end=over.end, transition=over.transition, keyframe=state.keyframes.chosen,
    )  # fmt: skip
    keyframes.close(state.keyframes, over.end)


def _levels(state: SeeState, series: Series) -> Levels:
    return Levels(
        stream=state.stream, epoch=state.epoch, id=identity(state.stream, state.epoch, "levels", microseconds(series.start)),
        start=series.start, hop=levels.HOP_S,
        brightness=np.array(series.brightness, np.float16), motion=np.array(series.motion, np.float16),
    )  # fmt: skip


def _ocr_features(state: SeeState, tokens: list[Token], keys: np.ndarray) -> Features:
    return Features(
        stream=state.stream, epoch=state.epoch, modality="ocr", keys=keys, texts=tuple(token.line.text for token in tokens),
        spans=np.array([(token.start, token.end) for token in tokens], np.float64),
        reliability=np.array([token.line.confidence for token in tokens], np.float32),
    )  # fmt: skip


def _screen_text(state: SeeState, line: Line, end: float) -> ScreenText:
    return ScreenText(
        stream=state.stream, epoch=state.epoch,
        id=identity(state.stream, state.epoch, "screentext", microseconds(line.start), line.slot),
        start=line.start, end=end, text=line.text, box=line.box, confidence=line.confidence,
    )  # fmt: skip


def _key(message: AnyMessage) -> str:
    return f"{message.stream}|{message.epoch}"
