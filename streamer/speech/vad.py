"""How likely each moment is speech: Silero VAD, all hops of a block in one call, its state carried exactly."""

import pathlib

import msgspec
import numpy as np
import onnxruntime

from streamer.models import places

RATE = 16_000  # Hz, of everything in this package
HOP = 512  # samples, 32 ms: one probability each
CONTEXT = 64  # samples before a hop that the network sees as well
FILE = "silero_vad_16k_sequence.onnx"  # the network unrolled over the hops of a call: same bits as one by one, half the time


def _memory() -> np.ndarray:
    return np.zeros((1, 1, 128), np.float32)


class VoiceState(msgspec.Struct):
    """What the network remembers of one stream."""

    hidden: np.ndarray = msgspec.field(default_factory=_memory)  # float32 [1, 1, 128]
    cell: np.ndarray = msgspec.field(default_factory=_memory)  # float32 [1, 1, 128]
    tail: np.ndarray = msgspec.field(default_factory=lambda: np.zeros(CONTEXT, np.float32))
    # float32 [CONTEXT + samples that fill no hop yet]


class Silero:
    """The voice activity network, on one thread."""

    name = "silero-vad"

    def __init__(self, path: pathlib.Path | None = None) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # a step is too small to share
        path = path or places.directory(self.name) / FILE
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def __call__(self, samples: np.ndarray, state: VoiceState) -> np.ndarray:
        """Speech probability, float32 [hops], of each hop that float32 [samples] completes; `state` moves on."""
        sound = np.concatenate([state.tail, samples])
        count = (len(sound) - CONTEXT) // HOP
        state.tail = sound[count * HOP :]
        if not count:
            return np.zeros(0, np.float32)
        hops = np.lib.stride_tricks.sliding_window_view(sound, CONTEXT + HOP)[::HOP]  # [count, CONTEXT + HOP]
        inputs = {"input": np.ascontiguousarray(hops), "h": state.hidden, "c": state.cell}
        probabilities, state.hidden, state.cell = self._session.run(["speech_probs", "hn", "cn"], inputs)
        return np.asarray(probabilities, np.float32).reshape(-1)


def missing(state: VoiceState) -> int:
    """Samples of silence that complete the hop begun; 0 where none is."""
    return (CONTEXT - len(state.tail)) % HOP
