"""A small pen for ONNX graphs: adds nodes and weights one after another, names what nobody names."""

import pathlib
from collections.abc import Sequence

import numpy as np
import onnx
from onnx import helper, numpy_helper

OPSET = 17  # LayerNormalization is in it
IR_VERSION = 9  # of 2023: every onnxruntime that the project allows reads it


class Graph:
    """Nodes and weights in the order in which they were added."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def weight(self, array: np.ndarray) -> str:
        """Adds a constant, gives its name."""
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, kind: str, *inputs: str, name: str = "", **attributes: int | float | str | Sequence[int]) -> str:
        """Adds a node with one output, gives the output's name."""
        name = name or f"n{len(self.nodes)}"
        node = helper.make_node(kind, inputs, [name])
        node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
        self.nodes.append(node)
        return name

    def save(self, path: pathlib.Path, inputs: Sequence[onnx.ValueInfoProto], outputs: Sequence[onnx.ValueInfoProto]) -> None:
        """Checks and writes the graph."""
        graph = helper.make_graph(self.nodes, "streamer", inputs, outputs, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        onnx.save(model, str(path))


def tensor(name: str, kind: type[np.generic], *shape: int | str) -> onnx.ValueInfoProto:
    """An input or output of a graph; a word in the shape is a free dimension."""
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(kind)), shape)
