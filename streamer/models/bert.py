"""BERT sentence encoders as an ONNX graph made from their safetensors file: starts in .3 s, where torch takes 6."""

import json
import pathlib

import numpy as np
from safetensors.numpy import load_file

from streamer.models.graph import Graph, tensor


class _Layers:
    """The network's parts, added to a graph with weights by their names in the file."""

    def __init__(self, folder: pathlib.Path) -> None:
        about = json.loads((folder / "config.json").read_text())
        self.graph = Graph()
        self.weights = load_file(folder / "model.safetensors")
        self.layers: int = about["num_hidden_layers"]
        self.heads: int = about["num_attention_heads"]
        self.width: int = about["hidden_size"]
        self.epsilon: float = about["layer_norm_eps"]

    def linear(self, x: str, name: str) -> str:
        product = self.graph.add("MatMul", x, self.graph.weight(self.weights[f"{name}.weight"].T))
        return self.graph.add("Add", product, self.graph.weight(self.weights[f"{name}.bias"]))

    def norm(self, x: str, name: str) -> str:
        scale, shift = (self.graph.weight(self.weights[f"{name}.{kind}"]) for kind in ("weight", "bias"))
        return self.graph.add("LayerNormalization", x, scale, shift, axis=-1, epsilon=self.epsilon)

    def embeddings(self, ids: str) -> str:
        """int64 [batch, tokens] → float32 [batch, tokens, width]."""
        add, weight = self.graph.add, self.graph.weight
        words = add("Gather", weight(self.weights["embeddings.word_embeddings.weight"]), ids)
        # one sentence is one segment: its type vector is the same for every token
        places = self.weights["embeddings.position_embeddings.weight"] + self.weights["embeddings.token_type_embeddings.weight"][0]
        tokens = add("Gather", add("Shape", ids), weight(np.array([1])))
        here = add("Slice", weight(places), weight(np.array([0])), tokens, weight(np.array([0])))
        return self.norm(add("Add", words, here), "embeddings.LayerNorm")

    def attention(self, x: str, name: str) -> str:
        add, weight = self.graph.add, self.graph.weight
        shape = weight(np.array([0, 0, self.heads, self.width // self.heads]))
        parts = [add("Reshape", self.linear(x, f"{name}.self.{kind}"), shape) for kind in ("query", "key", "value")]
        query, value = (add("Transpose", part, perm=(0, 2, 1, 3)) for part in parts[::2])
        key = add("Transpose", parts[1], perm=(0, 2, 3, 1))
        scale = weight(np.array((self.width // self.heads) ** -0.5, np.float32))
        looks = add("Softmax", add("Mul", add("MatMul", query, key), scale), axis=-1)
        seen = add("Transpose", add("MatMul", looks, value), perm=(0, 2, 1, 3))
        flat = add("Reshape", seen, weight(np.array([0, 0, self.width])))
        return self.norm(add("Add", x, self.linear(flat, f"{name}.output.dense")), f"{name}.output.LayerNorm")

    def forward(self, x: str, name: str) -> str:
        add = self.graph.add
        x1 = self.linear(x, f"{name}.intermediate.dense")
        half, one, root = (self.graph.weight(np.array(value, np.float32)) for value in (0.5, 1.0, 2**-0.5))
        x1 = add("Mul", add("Mul", x1, half), add("Add", add("Erf", add("Mul", x1, root)), one))  # the exact GELU
        return self.norm(add("Add", x, self.linear(x1, f"{name}.output.dense")), f"{name}.output.LayerNorm")


def save(folder: pathlib.Path, path: pathlib.Path) -> None:
    """Writes the graph: int64 `ids` [batch, tokens], sentences of one length, to unit vectors float32 [batch, width].

    Sentences of one length need no padding and no mask: a vector never depends on what is encoded beside it.
    """
    network = _Layers(folder)
    x = network.embeddings("ids")
    for layer in range(network.layers):
        x = network.attention(x, f"encoder.layer.{layer}.attention")
        x = network.forward(x, f"encoder.layer.{layer}")
    mean = network.graph.add("ReduceMean", x, axes=(1,), keepdims=0)
    length = network.graph.add("ReduceL2", mean, axes=(1,), keepdims=1)
    network.graph.add("Div", mean, length, name="vectors")
    network.graph.save(path, [tensor("ids", np.int64, "batch", "tokens")], [tensor("vectors", np.float32, "batch", network.width)])
