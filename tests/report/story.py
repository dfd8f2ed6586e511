"""The results of a made-up film of 84 s, as the pipeline would publish them."""

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np

from schemas.messages import (
    Conflict,
    Estimate,
    Event,
    Evidence,
    Gap,
    Keyframe,
    Levels,
    ModalityState,
    Result,
    SceneDescription,
    ScreenText,
    Sentiment,
    Shot,
    Sound,
    StreamStatus,
    Utterance,
    WindowClosed,
    Word,
    identity,
)

LENGTH_S = 84.0
STREAM = "f-0123456789abcdef"
SPOKEN = (
    (1.2, "Good morning everybody, and welcome to the workshop."),
    (6.0, "Today we look at how a camera can tell when something burns."),
    (11.5, "First a cup of coffee, then we light the lamp."),
    (19.0, "Careful! The alarm will be very loud, please cover your ears."),
    (31.0, "That was the smoke alarm. Nobody was hurt, and everyone laughed."),
    (46.5, "Our cat was not amused, she left the room at once."),
    (58.0, "And now the rocket: three, two, one."),
    (70.0, "Thank you for watching. We are really happy with this result."),
)
SHOTS = (0.0, 10.4, 17.8, 24.0, 30.0, 37.5, 44.0, 52.2, 57.0, 62.5, 69.0, 77.0)


def _result(kind: type[Result], key: object, **fields: object) -> Result:
    return kind(stream=STREAM, id=identity(STREAM, kind.__name__, str(key)), **fields)  # type: ignore[arg-type]


def utterance(start: float, text: str, **fields: object) -> Utterance:
    """Somebody says the text at 2.6 words a second."""
    words = tuple(
        Word(start=start + 0.38 * index, end=start + 0.38 * index + 0.33, text=word, probability=0.32 if word == "amused," else 0.93)
        for index, word in enumerate(text.split())
    )
    said = {"language": "en", "language_probability": 0.98, "models": {"speech": "whisper-base"}, "log_probability": -0.2}
    return _result(Utterance, start, start=start, end=words[-1].end, text=text, words=words, **{**said, **fields})  # type: ignore[return-value]


def event(label: str, start: float, end: float, confidence: float, pushes: dict[str, float], **fields: object) -> Event:
    """An event that ended, with what speaks for it."""
    given = {
        "phase": "ended",
        "severity": "info",
        "evidence": (),
        "models": {"vision": "efficientnet-lite0", "sound": "yamnet", "text": "minilm-l6", "fusion": "level0"},
        "modalities": {
            "vision": ModalityState(status="present", coverage=1.0),
            "sound": ModalityState(status="present", coverage=0.94),
            "ocr": ModalityState(status="silent", coverage=1.0),
        },
    }
    return _result(  # type: ignore[return-value]
        Event, f"{label}{start}", event_id=f"{STREAM}:0:{label}:{round(start * 2)}", label=label, start=start, end=end,
        confidence=confidence, threshold=0.6, contributions={"prior": -2.0, **pushes}, calibration="prior", **{**given, **fields},
    )  # fmt: skip


def story() -> list[Result]:
    """Everything said of the film, in the order in which windows tell it."""
    return sorted([*_perceived(), *_events(), *_understood()], key=lambda result: getattr(result, "end", 0.0))


def write_keyframes(folder: Path, pictures: Sequence[np.ndarray]) -> None:
    """The keyframes that the story refers to."""
    (folder / "keyframes").mkdir(parents=True, exist_ok=True)
    for start, picture in zip(SHOTS, pictures * len(SHOTS), strict=False):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuvj420p", width=320, height=180)
        with av.open(str(folder / _keyframe(start)), "w", format="image2", options={"update": "1"}) as output:
            stream = output.add_stream("mjpeg", rate=1)
            stream.width, stream.height, stream.pix_fmt = 320, 180, "yuvj420p"
            output.mux(stream.encode(frame))
            output.mux(stream.encode(None))


def _keyframe(start: float) -> str:
    return f"keyframes/{round(start * 1000) + 500:09}.jpg"


SOUNDS = (
    ("music", 0.0, 5.5, 4.1),
    ("alarm", 24.2, 30.4, 7.3),
    ("laughter", 35.0, 37.5, 5.0),
    ("laughter", 73.0, 76.0, 3.9),
    ("rocket", 61.0, 68.5, 6.0),
)
TEXTS = (
    ("FIRE SAFETY WORKSHOP", 0.5, 9.5, (0.1, 0.1, 0.9, 0.25)),
    ("EXIT", 17.8, 30.0, (0.8, 0.05, 0.95, 0.15)),
    ("EXIT", 37.5, 44.0, (0.8, 0.05, 0.95, 0.15)),
    ("Questions? <mail@example.org>", 77.5, 83.5, (0.3, 0.75, 0.8, 0.9)),
)


def _perceived() -> list[Result]:
    told: list[Result] = [utterance(start, text) for start, text in SPOKEN]
    told.append(_result(Utterance, "?", start=39.0, end=42.5, text=None, reason="no_words", models={"vad": "silero-vad"}))
    for start, end in zip(SHOTS, (*SHOTS[1:], LENGTH_S), strict=True):
        kind = "start" if start == 0 else "fade" if start == 62.5 else "cut"
        seen = {"vision": "efficientnet-lite0"}
        told.append(_result(Shot, start, start=start, end=end, transition=kind, keyframe=_keyframe(start), models=seen))
        told.append(_result(Keyframe, start, time=start + 0.5, ref=_keyframe(start), width=320, height=180))
    for label, start, end, score in SOUNDS:
        told.append(_result(Sound, label + str(start), start=start, end=end, label=label, score=score, models={"sound": "yamnet"}))
    for text, start, end, box in TEXTS:
        read = {"confidence": 0.93, "models": {"ocr": "rapidocr"}}
        told.append(_result(ScreenText, text + str(start), start=start, end=end, text=text, box=box, **read))
    return [*told, *_levels()]


def _levels() -> list[Result]:
    time = np.arange(0, LENGTH_S, 0.25)
    noise = np.random.default_rng(1).random(len(time))
    loud = -38 + 22 * np.exp(-(((time - 27) / 4) ** 2)) + 18 * np.exp(-(((time - 65) / 5) ** 2)) + 9 * noise
    motion = np.clip(0.05 + 0.3 * np.exp(-(((time - 64) / 4) ** 2)) + 0.12 * noise, 0, 1)
    return [
        _result(Levels, "loudness", start=0.0, hop=0.25, loudness=loud.astype(np.float16)),
        _result(Levels, "motion", start=0.0, hop=0.25, motion=motion.astype(np.float16)),
    ]


def _events() -> list[Result]:
    greeting = Evidence(modality="text", start=1.2, end=2.1, weight=0.8, quote="Good morning everybody")
    title = Evidence(modality="ocr", start=0.5, end=9.5, weight=0.9, quote="FIRE SAFETY WORKSHOP")
    ringing = (
        Evidence(modality="sound", start=24.5, end=25.5, weight=0.61),
        Evidence(modality="text", start=19.9, end=22.1, weight=0.22, quote="The alarm will be very loud"),
        Evidence(modality="vision", start=24.5, end=24.5, weight=0.09, ref=_keyframe(24.0)),
    )
    spoken = Evidence(modality="text", start=31.0, end=32.6, weight=0.7, quote="That was the smoke alarm.")
    cat = Evidence(modality="vision", start=44.5, end=44.5, weight=0.77, ref=_keyframe(44.0))
    return [
        event("greeting", 1.2, 3.4, 0.81, {"text": 3.6}, evidence=(greeting,)),
        event("title on screen", 0.5, 9.5, 0.74, {"ocr": 3.1}, evidence=(title,)),
        event("alarm", 24.0, 30.5, 0.93, {"sound": 5.1, "text": 0.9, "vision": -0.4}, severity="warning", evidence=ringing),
        event("talk of fire", 31.0, 33.4, 0.66, {"text": 2.9, "vision": -0.2}, evidence=(spoken,)),
        event("laughter", 35.0, 37.5, 0.71, {"sound": 2.8, "text": 0.4}),
        event("cat", 44.0, 52.0, 0.88, {"vision": 3.4, "text": 0.8}, evidence=(cat,)),
        event("rocket launch", 60.5, 68.5, 0.9, {"vision": 2.2, "sound": 2.0, "text": 0.6}),
        event("laughter", 73.0, 76.0, 0.64, {"sound": 2.4}),
        event("dog", 50.0, 51.0, 0.6, {"vision": 1.0}, phase="retracted", rev=1),
    ]


SCENES = (
    "A title reads “FIRE SAFETY WORKSHOP”. Music is heard, and someone says: “Good morning everybody”.",
    "A coffee cup is seen. Someone says: “First a cup of coffee, then we light the lamp.”",
    "From 24.0 s an alarm is heard. A sign reads “EXIT”.",
    "Someone says: “That was the smoke alarm.” From 35.0 s laughter is heard.",
    "A cat is seen. Someone says: “Our cat was not amused”.",
    "A rocket is seen, and it is heard from 61.0 s.",
    "Someone says: “Thank you for watching.” Laughter is heard.",
)


def _understood() -> list[Result]:
    told: list[Result] = []
    for index in range(20):
        start, end = index * 4.0, index * 4.0 + 8.0
        told.append(_window(start, end))
        told.append(_mood(start, end))
    for index, text in enumerate(SCENES):
        start = index * 12.0
        how = {"language": "en", "source": "realiser", "confidence": 0.8, "models": {"scenes": "realiser"}}
        told.append(_result(SceneDescription, start, start=start, end=start + 12.0, text=text, **how))
    told.append(_result(Gap, 54, start=54.0, end=55.2, modality="vision", cause="damaged", lost=31))
    media = {"video": "h264 1280×720, 25 pictures/s", "audio": "aac 48 kHz stereo", "container": "mp4"}
    told.append(_result(StreamStatus, "on", state="online", media=media))
    return told


def _window(start: float, end: float) -> Result:
    damaged = end > 50 and start < 56
    status = {"vision": "present", "sound": "present", "text": "present", "ocr": "silent" if 44 <= start < 76 else "present"}
    coverage = {"vision": 0.8 if damaged else 1.0, "sound": 1.0, "text": 0.9, "ocr": 1.0}
    return _result(WindowClosed, start, start=start, end=end, status=status, coverage=coverage, complete=not damaged)


def _mood(start: float, end: float) -> Result:
    if 48 <= start < 60:
        return _result(Sentiment, start, start=start, end=end, valence=None, reason="no_speech")
    valence = float(np.round(0.6 * np.cos((start - 4) / 11), 2))
    clash = Conflict(pair=("text", "sound"), distance=2.9, start=33.0, end=37.0, wording="words negative, sounds positive")
    return _result(
        Sentiment, start, start=start, end=end, valence=valence, sd=0.22, scores={}, unimodal={"text": Estimate(value=valence, sd=0.3)},
        contributions={"text": valence}, conflicts=(clash,) if start == 32 else (), models={"sentiment": "vader"},
    )  # fmt: skip
