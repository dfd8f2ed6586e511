"""A window as the arrays that a trained fusion reads: in training and when it runs, the same numbers.

time    0   .5   1  1.5 …             bins: a picture each, and a layer in its middle
        |...|....|....|...            an eighth of a second: movement, onsets
        · · · · · · · · ·             .24 s: patches of sound, by their middle
"""

import math
from typing import NamedTuple

import msgspec
import numpy as np

from schemas.messages import MODALITIES, Fine, FusedWindow, Tokens

WINDOW_S = 8.0  # seconds of the windows it was trained on
BINS, BIN_S = 16, 0.5
FINE_ROWS = 64  # of movement and onsets, an eighth of a second each
PATCHES, PATCH_S = 33, 0.24  # of sound, seconds from middle to middle
PHRASES, LINES = 8, 4  # said, written
MANNER = 6  # numbers that tell how a phrase is said, see streamer.speech.prosody
HEIGHTS = slice(8, 16)  # columns of onsets


class Array(NamedTuple):
    """One array of a window; a dimension of 0 is as long as the list of labels."""

    dtype: type[np.generic]
    shape: tuple[int, ...]


ARRAYS: dict[str, Array] = {
    "vision": Array(np.float16, (BINS, 1280)),  # the picture at the beginning of each bin
    "vision_mask": Array(np.bool_, (BINS,)),
    "middle": Array(np.float16, (BINS, 1344)),  # a layer in the middle of the encoder, 112 channels × 3 rows × 4 columns
    "motion": Array(np.float16, (FINE_ROWS, 64)),  # change, signed change, flow to the right, flow down; each 4 rows × 4 columns
    "sound": Array(np.float16, (PATCHES, 1024)),  # the patch around each .24 s
    "sound_mask": Array(np.bool_, (PATCHES,)),
    "onsets": Array(np.float16, (FINE_ROWS, 16)),  # rise of energy in 8 bands, height over the window's mean in 8 bands
    "text": Array(np.float16, (PHRASES, 384)),
    "text_spans": Array(np.float32, (PHRASES, 2)),  # seconds from the window's start, may be outside it
    "text_reliability": Array(np.float32, (PHRASES,)),
    "text_mask": Array(np.bool_, (PHRASES,)),
    "voice": Array(np.float16, (PHRASES, MANNER)),  # how the phrases that touch the window are said
    "ocr": Array(np.float16, (LINES, 384)),
    "ocr_spans": Array(np.float32, (LINES, 2)),
    "ocr_reliability": Array(np.float32, (LINES,)),
    "ocr_mask": Array(np.bool_, (LINES,)),
    "level0": Array(np.float32, (0, BINS, 4)),  # evidence without training, by label, bin and modality
    "present": Array(np.bool_, (4,)),  # modalities with something in the window
}


def arrays(fused: FusedWindow) -> dict[str, np.ndarray]:
    """A window that was fused without training, as in ARRAYS; zeros where something is not there."""
    window = fused.window
    made = {name: np.zeros([size or len(fused.labels) for size in shape], dtype) for name, (dtype, shape) in ARRAYS.items()}
    fine = {} if window.fine is msgspec.UNSET else window.fine
    for kind, rows in fine.items():
        _put(made[kind], rows)
    _see(made, window.tokens.get("vision"), window.start)
    if "sound" not in fine:
        _hear(made, window.tokens.get("sound"), window.start)
    made["sound_mask"][:] = made["sound"].any(1)
    made["onsets"][:] = _levelled(made["onsets"])
    for name in ("text", "ocr"):
        _read(made, name, window.tokens.get(name), window.start)
    made["level0"][:] = fused.evidence
    made["present"][:] = [window.status[modality] == "present" for modality in MODALITIES]
    return made


def row_at(time: float, hop: float) -> int:
    """The nearest row to a time, both from the same zero; halves go up."""
    return math.floor(time / hop + 0.5 + 1e-6)


def _put(array: np.ndarray, fine: Fine) -> None:
    count = min(len(array), len(fine.values))
    array[:count] = fine.values[:count]


def _see(made: dict[str, np.ndarray], tokens: Tokens | None, start: float) -> None:
    if tokens is None or tokens.vectors is None or tokens.vectors.shape[1] != made["vision"].shape[1]:
        return
    for (begins, _), vector in zip(tokens.spans.tolist(), tokens.vectors, strict=True):
        if 0 <= (row := row_at(begins, BIN_S) - row_at(start, BIN_S)) < BINS:
            made["vision"][row], made["vision_mask"][row] = vector, True


def _hear(made: dict[str, np.ndarray], tokens: Tokens | None, start: float) -> None:
    """Every other patch, where there are no others."""
    if tokens is None or tokens.vectors is None or tokens.vectors.shape[1] != made["sound"].shape[1]:
        return
    for (begins, _), vector in zip(tokens.spans.tolist(), tokens.vectors, strict=True):
        if 0 <= (row := row_at(begins + 2 * PATCH_S, PATCH_S) - row_at(start, PATCH_S)) < PATCHES:
            made["sound"][row] = vector


def _levelled(onsets: np.ndarray) -> np.ndarray:
    """Heights over their mean where there is sound: recordings differ in loudness."""
    levelled = onsets.astype(np.float32)
    there = onsets.any(1)
    if there.any():
        levelled[there, HEIGHTS] -= levelled[there, HEIGHTS].mean()
    return levelled


def _read(made: dict[str, np.ndarray], name: str, tokens: Tokens | None, start: float) -> None:
    """The last phrases or lines; a line that stays comes as several tokens and is one again."""
    if tokens is None or tokens.keys.shape[1] != made[name].shape[1]:
        return
    spans: dict[int, list[float]] = {}  # number of the token that a phrase begins with -> its span
    open_: dict[str, int] = {}
    for number, (begins, ends) in enumerate(tokens.spans.tolist()):
        text = tokens.texts[number] if name == "ocr" and tokens.texts else ""
        if text and text in open_ and begins <= spans[open_[text]][1] + 1e-6:
            spans[open_[text]][1] = max(ends, spans[open_[text]][1])
        else:
            spans[number], open_[text] = [begins, ends], number
    manners = tokens.vectors if name == "text" and tokens.vectors is not None and tokens.vectors.shape[1] == MANNER else None
    for row, number in enumerate(list(spans)[-len(made[name]) :]):
        made[name][row], made[f"{name}_mask"][row] = tokens.keys[number], True
        made[f"{name}_spans"][row] = begins, ends = np.array(spans[number]) - start
        made[f"{name}_reliability"][row] = tokens.reliability[number]
        if manners is not None and begins < WINDOW_S and ends > 0:
            made["voice"][row] = manners[number]
