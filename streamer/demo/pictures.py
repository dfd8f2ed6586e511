"""Pictures that pip packages carry, read as files, and the frames a slow camera takes of them."""

import functools
import pathlib
from importlib import metadata
from typing import Any

import av
import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from streamer.errors import MediaError

Image = NDArray[np.uint8]  # [height, width, 3], RGB

WIDTH, HEIGHT = 1280, 720  # px of a frame
ROOM = 1.25  # the canvas is this much larger than a frame, so that a zoom to 1.25 still has a pixel for a pixel
TITLE_PX, SIGN_PX = 96, 190  # height of the letters' font: large enough to be read at a quarter of the size


class Picture(msgspec.Struct, frozen=True):
    """A picture inside an installed package."""

    file: str
    package: str  # as pip calls it
    folder: str  # within the package's files
    shows: str
    credit: str  # licence and maker
    middle: float = 0.5  # of the height, where it is cut to 16:9
    turned: bool = False  # by a quarter, to the left
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)  # gains of red, green, blue; for a grey picture that should not look grey


def path(picture: Picture) -> pathlib.Path:
    """Where the picture lies. Errors: MediaError if its package is not installed."""
    try:
        found = pathlib.Path(str(metadata.distribution(picture.package).locate_file(f"{picture.folder}/{picture.file}")))
        found.stat()
    except (metadata.PackageNotFoundError, OSError) as error:
        raise MediaError(f"{picture.file}: a picture of the sample clip is missing; pip install {picture.package}") from error
    return found


@functools.lru_cache(maxsize=1)
def canvas(picture: Picture, sign: str = "") -> Image:
    """The picture cut to 16:9 and enlarged to 1600 × 900, with a sign in the middle where one is wanted."""
    raw = _read(path(picture))
    raw = np.rot90(raw) if picture.turned else raw
    height, width = raw.shape[:2]
    kept = min(height, width * HEIGHT // WIDTH)
    top, left = int(np.clip(height * picture.middle - kept / 2, 0, height - kept)), (width - kept * WIDTH // HEIGHT) // 2
    cut = raw[top : top + kept, left : left + kept * WIDTH // HEIGHT]
    large: Any = cv2.resize(cut, (int(WIDTH * ROOM), int(HEIGHT * ROOM)), interpolation=cv2.INTER_CUBIC)
    large = _lit(large, np.array(picture.tint))
    return _with_sign(large, sign) if sign else large


def view(large: Image, zoom: float, x: float, y: float) -> Image:
    """What a camera sees of the canvas: zoom ≥ 1, centre in 0..1 moved in as far as needed to stay inside."""
    scale = zoom / ROOM  # frame px per canvas px
    half_x, half_y = WIDTH / 2 / scale, HEIGHT / 2 / scale
    centre_x = float(np.clip(x * large.shape[1], half_x, large.shape[1] - half_x))
    centre_y = float(np.clip(y * large.shape[0], half_y, large.shape[0] - half_y))
    move = np.array([[scale, 0, WIDTH / 2 - scale * centre_x], [0, scale, HEIGHT / 2 - scale * centre_y]])
    return np.asarray(cv2.warpAffine(large, move, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def lit(frame: Image, brightness: float, red: float) -> Image:
    """The frame at a brightness of 0..1 under a red light of 0..1."""
    if brightness == 1 and red == 0:
        return frame
    return _lit(frame, brightness * np.array([1 + 0.15 * red, 1 - 0.2 * red, 1 - 0.2 * red]))


def titled(frame: Image, text: str, strength: float) -> Image:
    """The frame with white letters on a dark band in its lower third; strength 0..1 is how far they have appeared."""
    top, bottom = HEIGHT * 2 // 3, HEIGHT * 2 // 3 + 2 * TITLE_PX
    band = _lit(frame[top:bottom], np.full(3, 0.35))
    _write(band, text, TITLE_PX, (255, 255, 255))
    whole = frame.copy()
    whole[top:bottom] = np.asarray(cv2.addWeighted(band, strength, frame[top:bottom], 1 - strength, 0), np.uint8)
    return whole


def _read(file: pathlib.Path) -> Image:
    """The file's picture; by PyAV, which says nothing about odd colour profiles."""
    with av.open(str(file)) as opened:
        return np.asarray(next(opened.decode(video=0)).to_ndarray(format="rgb24"), np.uint8)


def _with_sign(large: Image, text: str) -> Image:
    """A green emergency sign with a white rim in the middle of the wall."""
    height, width = large.shape[:2]
    whole = large.copy()
    box = whole[height // 2 - 170 : height // 2 + 170, width // 2 - 360 : width // 2 + 360]
    box[:] = (255, 255, 255)
    inner = box[14:-14, 14:-14]
    inner[:] = (0, 128, 72)
    _write(inner, text, SIGN_PX, (255, 255, 255))
    return whole


def _write(area: Image, text: str, size_px: int, colour: tuple[int, int, int]) -> None:
    """Bold letters in the middle of the area."""
    font = cv2.FontFace("sans")
    height, width = area.shape[:2]
    left, top, wide, high = cv2.getTextSize((width, height), text, (0, 0), font, size_px, 800)
    drawn = np.ascontiguousarray(area)  # OpenCV does not draw into a part of an array
    cv2.putText(drawn, text, ((width - wide) // 2 - left, (height - high) // 2 - top), colour, font, size_px, 800)
    area[:] = drawn


def _lit(image: Image, gains: NDArray[np.float64]) -> Image:
    table = np.clip(np.arange(256)[:, None] * gains, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(image, table[None]), np.uint8)
