"""The stage `transcribe`: sound in, utterances and the meaning of their phrases out."""

import math
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import numpy as np

from schemas.messages import AnyMessage, Audio, Features, Message, Modality, Utterance, Watermark, Word, identity, microseconds
from streamer.config import Speech
from streamer.models.protocols import TextEncoder
from streamer.speech import guards, segments
from streamer.speech.listening import Heard, listen
from streamer.speech.prosody import prosody
from streamer.speech.segments import Segment, SegmentState
from streamer.speech.vad import RATE, Silero, VoiceState, missing
from streamer.speech.whisper import Engine
from streamer.speech.words import phrases, said

WITNESSED_S = 1.0  # the voice detector alone is not believed for less: music now and then has so much of a voice
LEAST = 1e-4  # reliability of a token that is there


class TranscribeState(msgspec.Struct):
    """What is kept of one stream; a segment that is still open is most of it."""

    epoch: int
    origin: float  # media time of the first sample
    voice: VoiceState = msgspec.field(default_factory=VoiceState)
    segments: SegmentState = msgspec.field(default_factory=SegmentState)
    tongue: guards.Tongue = msgspec.field(default_factory=guards.Tongue)


class Transcribe:
    """Finds speech, writes it down, and gives its phrases a vector.

    Args:
        engine: the recogniser; None: speech is told without words.
        text: the encoder of phrases; it reads English. None: no Features.
        voice: the voice activity network; None: the one that comes with silero-vad.
        profile: as it stands in the results.
    """

    name = "transcribe"
    reads = (Audio, Watermark)
    marks: tuple[Modality, ...] = ("sound",)
    state_type = TranscribeState

    def __init__(
        self, engine: Engine | None, text: TextEncoder | None, options: Speech, voice: Silero | None = None, profile: str = "offline"
    ) -> None:
        self._engine, self._text, self._options, self._profile = engine, text, options, profile
        self._voice = voice or Silero()
        self.states: dict[str, TranscribeState] = {}

    def __call__(self, batch: Sequence[AnyMessage]) -> Iterable[AnyMessage]:
        """Utterance, Features(text) and Watermark(text) for Audio at 16 kHz and Watermark(sound); the rest passes."""
        for message in batch:
            match message:
                case Audio() if message.rate == RATE:
                    yield from self._hear(message)
                case Watermark(modality="sound"):
                    yield from self._answer(message)
                case _:
                    yield message

    def _hear(self, audio: Audio) -> Iterator[AnyMessage]:
        state = self.states.get(audio.stream)
        if state is None or state.epoch != audio.epoch:
            if state:
                yield from self._finish(audio.stream, state)
            state = self.states[audio.stream] = TranscribeState(audio.epoch, audio.time)
        likely = self._voice(audio.samples, state.voice)
        for segment in segments.advance(state.segments, audio.samples, likely, self._options.speech_threshold):
            yield from self._tell(audio.stream, state, segment)

    def _answer(self, watermark: Watermark) -> Iterator[AnyMessage]:
        time, state = watermark.time, self.states.get(watermark.stream)
        if state and math.isinf(time):
            yield from self._finish(watermark.stream, self.states.pop(watermark.stream))
        elif state:
            time = min(time, state.origin + segments.decided(state.segments) / RATE)
        yield Watermark(stream=watermark.stream, epoch=watermark.epoch, modality="text", time=time, status=watermark.status)

    def _finish(self, stream: str, state: TranscribeState) -> Iterator[AnyMessage]:
        likely = self._voice(np.zeros(missing(state.voice), np.float32), state.voice)
        threshold = self._options.speech_threshold
        found = [*segments.advance(state.segments, np.zeros(0, np.float32), likely, threshold), segments.finish(state.segments, threshold)]
        for segment in found:
            if segment:
                yield from self._tell(stream, state, segment)

    def _tell(self, stream: str, state: TranscribeState, segment: Segment) -> Iterator[AnyMessage]:
        start, end = (state.origin + position / RATE for position in (segment.start, segment.end))
        bare = Utterance(
            stream=stream,
            epoch=state.epoch,
            id=identity(stream, state.epoch, "utterance", microseconds(start)),
            start=start,
            end=end,
            text=None,
            reason="no speech recogniser is loaded",
            models={"voice": self._voice.name},
            calibration="prior",
            profile=self._profile,
        )
        if self._engine is None:
            yield bare
            return
        heard = listen(self._engine, segment, state.origin, state.tongue, self._options)
        if heard.reason == guards.NO_SPEECH and end - start < WITNESSED_S:
            return
        yield _written(bare, heard, self._engine.name)
        yield from self._features(bare, heard.english, segment, state.origin)

    def _features(self, message: Message, words: Sequence[Word], segment: Segment, origin: float) -> Iterator[Features]:
        if not words or self._text is None:
            return
        runs = phrases(words)
        texts = tuple(map(said, runs))
        sure = [float(np.mean([word.probability for word in run])) for run in runs]
        yield Features(
            stream=message.stream,
            epoch=message.epoch,
            modality="text",
            spans=np.array([(run[0].start, run[-1].end) for run in runs], np.float64),
            keys=self._text.encode(texts).astype(np.float16),
            vectors=np.stack([_manner(segment, origin, run, text) for run, text in zip(runs, texts, strict=True)]),
            reliability=np.clip(sure, LEAST, 1).astype(np.float32),
            texts=texts,
        )


def _manner(segment: Segment, origin: float, words: Sequence[Word], text: str) -> np.ndarray:
    """float16 [6]: how a phrase is said."""
    first, last = (round((time - origin) * RATE) - segment.first for time in (words[0].start, words[-1].end))
    return prosody(segment.sound[max(0, first) : max(0, last)], sum(map(str.isalnum, text))).astype(np.float16)


def _written(bare: Utterance, heard: Heard, engine: str) -> Utterance:
    """The utterance with all that is known of it."""
    known = msgspec.structs.replace(
        bare,
        reason=heard.reason,
        language=heard.choice.language,
        language_probability=heard.choice.probability,
        models=bare.models | {"speech": engine},
    )
    if heard.transcript:
        numbers = heard.transcript
        known = msgspec.structs.replace(
            known, no_speech=numbers.no_speech, log_probability=numbers.log_probability, compression=numbers.compression
        )
    if heard.reason or not heard.transcript:
        return known
    words = tuple(msgspec.structs.replace(word, text=word.text.strip()) for word in heard.words)
    return msgspec.structs.replace(
        known,
        start=min(known.start, *(word.start for word in words)),
        end=max(known.end, *(word.end for word in words)),
        text=heard.transcript.text,
        words=words,
        translation=heard.translation,
    )
