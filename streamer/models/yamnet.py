"""YAMNet (Plakal and Ellis, 2019) as a float network, from a file in which it is quantised for phones."""

import pathlib
import tempfile
import zipfile

import numpy as np
import onnx
from onnx import numpy_helper

from streamer.models.graph import tensor

BANDS, FRAMES = 64, 96  # of a patch
CLASSES, WIDTH = 521, 1024
QUANTISING = ("QuantizeLinear", "DequantizeLinear")


def save(archive: pathlib.Path, path: pathlib.Path) -> None:
    """Writes the graph: log mel patches float32 [batch, 1, 96, 64] to logits [batch, 521] and embeddings [batch, 1024].

    The weights are float32 in the archive, but every value on the way is rounded to 8 bits (steps of .76 in the logits).
    Without the nodes that round, the network is smooth again.
    """
    model = _read(archive)
    graph = model.graph
    nodes = _without_rounding(graph)
    flat = next(node for node in nodes if node.op_type == "Reshape")
    flat.input[1] = "any batch"
    graph.initializer.append(numpy_helper.from_array(np.array([-1, WIDTH]), "any batch"))
    used = {name for node in nodes for name in node.input}
    weights = [weight for weight in graph.initializer if weight.name in used]
    logits, embeddings = nodes[-1].output[0], flat.output[0]
    outputs = [tensor(logits, np.float32, "batch", CLASSES), tensor(embeddings, np.float32, "batch", WIDTH)]
    inputs = [tensor(graph.input[0].name, np.float32, "batch", 1, FRAMES, BANDS)]
    fresh = onnx.helper.make_graph(nodes, "streamer", inputs, outputs, weights)
    made = onnx.helper.make_model(fresh, opset_imports=model.opset_import, ir_version=model.ir_version)
    onnx.checker.check_model(made)
    onnx.save(made, str(path))


def _read(archive: pathlib.Path) -> onnx.ModelProto:
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(archive) as zipped:
        zipped.extractall(folder)  # the graph refers to a file of weights beside it
        return onnx.load(str(next(pathlib.Path(folder).rglob("*.onnx"))))


def _without_rounding(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """The nodes that compute, each reading what the rounding nodes before it read."""
    same: dict[str, str] = {}
    kept = []
    for node in graph.node:
        if node.op_type in QUANTISING:
            same[node.output[0]] = same.get(node.input[0], node.input[0])
        else:
            node.input[:] = [same.get(name, name) for name in node.input]
            kept.append(node)
    return kept
