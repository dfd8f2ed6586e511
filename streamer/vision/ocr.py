"""RapidOCR as a reader of lines: it finds them in a small copy and reads them at full size, on one thread."""

import cv2
import numpy as np
from rapidocr import RapidOCR
from rapidocr.ch_ppocr_det import TextDetOutput
from rapidocr.utils.process_img import get_rotate_crop_image

from streamer.models import places
from streamer.vision.lines import LineReader

__all__ = ["LineReader", "RapidReader", "load_reader"]

MODEL = "rapidocr"
SIDE_PX = 480  # of the picture in which lines are found; letters 12 px high in 1280 px are, at 640 px 10 px high ones at twice the cost


class RapidReader:
    """A reader on the models of the `rapidocr` wheel."""

    name = MODEL

    def __init__(self, engine: RapidOCR) -> None:
        self.engine = engine

    def find(self, picture: np.ndarray) -> np.ndarray:
        """See LineReader."""
        found = self.engine(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), use_det=True, use_cls=False, use_rec=False)
        boxes = found.boxes if isinstance(found, TextDetOutput) else None
        return np.zeros((0, 4, 2), np.float32) if boxes is None else np.asarray(boxes, np.float32)

    def read(self, picture: np.ndarray, corners: np.ndarray) -> list[tuple[str, float]]:
        """See LineReader; each line by itself, so that it reads the same whatever is beside it."""
        return [self._read(picture, place) for place in corners]

    def _read(self, picture: np.ndarray, corners: np.ndarray) -> tuple[str, float]:
        line = get_rotate_crop_image(picture, corners.astype(np.float32))
        if min(line.shape[:2]) < 1:
            return "", 0.0
        result = self.engine.recognize_txt([cv2.cvtColor(line, cv2.COLOR_RGB2BGR)])
        return (str(result.txts[0]), float(result.scores[0])) if result.txts else ("", 0.0)


def load_reader() -> RapidReader:
    """The reader of the `rapidocr` wheel; its verified files are named, so that it fetches none. Errors: ModelError."""
    folder = places.directory(MODEL)
    return RapidReader(
        RapidOCR(
            params={
                "Global.log_level": "error",
                "Global.use_cls": False,
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "Det.limit_side_len": SIDE_PX,
                "Det.limit_type": "max",
                "Det.model_path": str(folder / "PP-OCRv6_det_small.onnx"),
                "Rec.model_path": str(folder / "PP-OCRv6_rec_small.onnx"),
            }
        )
    )
