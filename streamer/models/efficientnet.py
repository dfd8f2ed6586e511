"""EfficientNet-Lite (Liu, 2020): the network in plain torch, and the ONNX graph with folded batch norms that runs on CPUs.

Torch runs a picture in 14 to 17 ms on one thread, onnxruntime in 5.
"""

import math
import pathlib

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from streamer.models.graph import Graph, tensor

SIZE = 224  # px, of Lite0
CLASSES = 1000
WIDTH = 1280  # of the embedding
CHANNELS, BORDER = 112, 1  # of the middle layer, the last of its width: 14 × 14 cells, without those at the edge, where padding shows
CELLS = (3, 4)  # rows, columns that are left of it: where something is, coarsely; pictures are wider than high
MIDDLE = CHANNELS * CELLS[0] * CELLS[1]  # its width
EPSILON = 1e-3  # of the batch norms: TensorFlow's, not torch's default

# repeats, kernel, stride, expansion, channels in, channels out
STAGES = (
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
)


class SameConv(nn.Conv2d):
    """A convolution without bias, padded as TensorFlow's SAME: what does not divide goes right and below."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """float [batch, inputs, height, width] → float [batch, outputs, ⌈height/stride⌉, ⌈width/stride⌉]."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        height, width = (max((math.ceil(n / stride) - 1) * stride + kernel - n, 0) for n in x.shape[-2:])
        x = functional.pad(x, (width // 2, width - width // 2, height // 2, height - height // 2))
        y: Tensor = functional.conv2d(x, self.weight, None, self.stride, 0, 1, self.groups)
        return y


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=EPSILON)


class Block(nn.Module):
    """Expand, filter each channel, project; added to the input where shapes allow."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.outputs = outputs
        self.residual = stride == 1 and inputs == outputs
        self.expands = expansion != 1
        if self.expands:
            self._expand_conv, self._bn0 = SameConv(inputs, inner), _norm(inner)
        self._depthwise_conv, self._bn1 = SameConv(inner, inner, kernel, stride, groups=inner), _norm(inner)
        self._project_conv, self._bn2 = SameConv(inner, outputs), _norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """float [batch, inputs, height, width] → float [batch, outputs, …]."""
        y = functional.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = functional.relu6(self._bn1(self._depthwise_conv(y)))
        z: Tensor = self._bn2(self._project_conv(y))
        return x + z if self.residual else z


class EfficientNetLite0(nn.Module):
    """Parameter names are those of the checkpoint."""

    def __init__(self) -> None:
        super().__init__()
        first, last = STAGES[0][4], STAGES[-1][5]
        self._conv_stem, self._bn0 = SameConv(3, first, 3, 2), _norm(first)
        self._blocks = nn.ModuleList(
            Block(outputs if repeat else inputs, outputs, kernel, 1 if repeat else stride, expansion)
            for repeats, kernel, stride, expansion, inputs, outputs in STAGES
            for repeat in range(repeats)
        )
        self._conv_head, self._bn1 = SameConv(last, WIDTH), _norm(WIDTH)
        self._fc = nn.Linear(WIDTH, CLASSES)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """uint8 [batch, height, width, 3] → logits float32 [batch, 1000], embeddings float32 [batch, 1280]."""
        x = ((images.float() - 127) / 128).permute(0, 3, 1, 2)  # as it was trained; not ImageNet's mean and deviation
        x = functional.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        x = functional.relu6(self._bn1(self._conv_head(x))).mean((2, 3))
        logits: Tensor = self._fc(x)
        return logits, x


def load(path: pathlib.Path) -> EfficientNetLite0:
    """The network with the weights of a checkpoint, ready to run."""
    network = EfficientNetLite0()
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return network.eval()


class _Pen(Graph):
    """Draws the layers of a network."""

    def conv(self, x: str, conv: nn.Module, norm: nn.Module) -> str:
        """A convolution with the batch norm after it folded in."""
        assert isinstance(conv, SameConv) and isinstance(norm, nn.BatchNorm2d)
        assert norm.running_var is not None and norm.running_mean is not None
        factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        weight = conv.weight * factor[:, None, None, None]
        bias = norm.bias - norm.running_mean * factor
        inputs = (x, self.weight(weight.detach().numpy()), self.weight(bias.detach().numpy()))
        kernel, stride = list(conv.kernel_size), list(conv.stride)
        return self.add("Conv", *inputs, auto_pad="SAME_UPPER", group=conv.groups, kernel_shape=kernel, strides=stride)

    def relu6(self, x: str) -> str:
        """Between 0 and 6."""
        return self.add("Clip", x, self.weight(np.array(0, np.float32)), self.weight(np.array(6, np.float32)))

    def block(self, x: str, block: nn.Module) -> str:
        """One Block."""
        assert isinstance(block, Block)
        y = self.relu6(self.conv(x, block._expand_conv, block._bn0)) if block.expands else x
        y = self.relu6(self.conv(y, block._depthwise_conv, block._bn1))
        y = self.conv(y, block._project_conv, block._bn2)
        return self.add("Add", x, y) if block.residual else y

    def middle(self, x: str) -> str:
        """The means of a layer's cells over a coarse grid, channel after channel."""
        first, last, axes = (self.weight(np.array(pair)) for pair in ([BORDER] * 2, [-BORDER] * 2, [2, 3]))
        inner = SIZE // 16 - 2 * BORDER
        size = [inner // cells for cells in CELLS]
        pooled = self.add("AveragePool", self.add("Slice", x, first, last, axes), kernel_shape=size, strides=size)
        return self.add("Flatten", pooled, axis=1, name="middle")


def save(network: EfficientNetLite0, path: pathlib.Path, with_middle: bool = False) -> None:
    """Writes the graph: `images` uint8 [batch, 224, 224, 3] to `logits` and `embeddings`, and perhaps `middle` [batch, 1344]."""
    pen = _Pen()
    middle, scale = (pen.weight(np.array(value, np.float32)) for value in (127, 1 / 128))
    x = pen.add("Mul", pen.add("Sub", pen.add("Cast", "images", to=1), middle), scale)
    x = pen.relu6(pen.conv(pen.add("Transpose", x, perm=(0, 3, 1, 2)), network._conv_stem, network._bn0))
    outputs = [tensor("logits", np.float32, "batch", CLASSES), tensor("embeddings", np.float32, "batch", WIDTH)]
    layer = ""  # the last one of CHANNELS
    for block in network._blocks:
        x = pen.block(x, block)
        layer = x if isinstance(block, Block) and block.outputs == CHANNELS else layer
    if with_middle:
        pen.middle(layer)
        outputs.append(tensor("middle", np.float32, "batch", MIDDLE))
    x = pen.relu6(pen.conv(x, network._conv_head, network._bn1))
    x = pen.add("ReduceMean", x, axes=(2, 3), keepdims=0, name="embeddings")
    weight, bias = (pen.weight(part.detach().numpy()) for part in (network._fc.weight, network._fc.bias))
    pen.add("Gemm", x, weight, bias, transB=1, name="logits")
    pen.save(path, [tensor("images", np.uint8, "batch", SIZE, SIZE, 3)], outputs)
