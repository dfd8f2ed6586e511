"""Onnxruntime on one thread: batches of many streams share cores by processes, not by operators."""

import pathlib

import numpy as np
import onnxruntime


def load(path: pathlib.Path) -> onnxruntime.InferenceSession:
    """A session for the graph in this file."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run(session: onnxruntime.InferenceSession, rows: np.ndarray) -> list[np.ndarray]:
    """Each output for all rows, computed row by row: the same row gives the same bits in any batch, and batches gain nothing here."""
    name = session.get_inputs()[0].name
    each = [session.run(None, {name: rows[i : i + 1]}) for i in range(len(rows))]
    if not each:
        return [np.zeros((0, output.shape[1]), np.float32) for output in session.get_outputs()]
    return [np.concatenate(outputs) for outputs in zip(*each, strict=True)]
