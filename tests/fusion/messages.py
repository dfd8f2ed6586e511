"""Messages that the tests of this folder are made of; times in tenths of a second, so that floats stay plain."""

import numpy as np

from schemas.messages import (
    Features,
    Gap,
    Keyframe,
    Levels,
    Modality,
    ScreenText,
    Shot,
    Status,
    StreamStatus,
    Tokens,
    Utterance,
    Watermark,
    Window,
    Word,
    identity,
)

INF = float("inf")
WIDTH = 4


def key(seed: int) -> np.ndarray:
    """float16 [4], unit: the same for the same seed."""
    vector = np.random.default_rng(seed).normal(size=WIDTH)
    return (vector / np.linalg.norm(vector)).astype(np.float16)


def features(modality: Modality, start: int, end: int, text: str = "") -> Features:
    vectors = None if modality in ("text", "ocr") else np.full((1, 2), start, np.float16)
    return Features(
        stream="s",
        modality=modality,
        spans=np.array([[start / 10, end / 10]]),
        keys=key(start + 1000 * len(modality))[None],
        vectors=vectors,
        reliability=np.array([0.9], np.float32),
        texts=(text,) if text else (),
    )


def mark(modality: Modality, time: float, status: Status = "present") -> Watermark:
    return Watermark(stream="s", modality=modality, time=time / 10, status=status)


def utterance(start: int, end: int, text: str = "hello there", probability: float = 0.9) -> Utterance:
    words = text.split()
    step = (end - start) / 10 / len(words)
    return Utterance(
        stream="s",
        id=identity("s", "utterance", start),
        start=start / 10,
        end=end / 10,
        text=text,
        words=tuple(
            Word(start=start / 10 + i * step, end=start / 10 + (i + 1) * step, text=word, probability=probability)
            for i, word in enumerate(words)
        ),
    )


def shot(start: int, end: int) -> Shot:
    return Shot(stream="s", id=identity("s", "shot", start), start=start / 10, end=end / 10, transition="cut")


def keyframe(time: int) -> Keyframe:
    return Keyframe(stream="s", id=identity("s", "keyframe", time), time=time / 10, ref=f"{time}.jpg", width=4, height=3)


def screen_text(start: int, end: int) -> ScreenText:
    return ScreenText(
        stream="s", id=identity("s", "line", start), start=start / 10, end=end / 10, text="EXIT", box=(0.0, 0.0, 1.0, 1.0), confidence=0.9
    )


def loudness(start: int, count: int) -> Levels:
    return Levels(stream="s", id=identity("s", "loudness", start), start=start / 10, hop=0.1, loudness=np.zeros(count, np.float16))


def motion(start: int, count: int) -> Levels:
    return Levels(stream="s", id=identity("s", "motion", start), start=start / 10, hop=0.1, motion=np.zeros(count, np.float16))


def gap(start: int, end: int, modality: Modality | None = None) -> Gap:
    return Gap(stream="s", id=identity("s", "gap", start), start=start / 10, end=end / 10, modality=modality, cause="damaged")


def online() -> StreamStatus:
    return StreamStatus(stream="s", id="online", state="online", media={"duration": "9 s"})


def window(start: float = 0.0, utterances: tuple[Utterance, ...] = (), observed: float = 1.0, **tokens: Tokens) -> Window:
    """A window of 8 s with these tokens, times in seconds."""
    names = ("vision", "sound", "text", "ocr")
    return Window(
        stream="s",
        id=f"w{start}",
        index=round(start / 4),
        start=start,
        end=start + 8.0,
        tokens=dict(tokens),
        status={name: "present" if name in tokens else "silent" for name in names},
        coverage=dict.fromkeys(names, observed),
        complete=True,
        utterances=utterances,
    )
