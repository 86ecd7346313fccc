"""A shop of painted products, and a picture encoder small enough to be written by hand."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image, ImageDraw

from daogou.encoders.image import SIZE, WIDTH, file_digest, image_graph_name
from daogou.types import LocalizedText, Money, Product
from tests.encoders.painting import BLUE, RED, Colour, disc, plain, saved, stripes

GREEN: Final[Colour] = (30, 160, 30)
BLACK: Final[Colour] = (20, 20, 20)
COLOURS: Final = {"Red": RED, "Blue": BLUE, "Green": GREEN, "Black": BLACK}
CHINESE: Final = {"Red": "红色", "Blue": "蓝色", "Green": "绿色", "Black": "黑色"}
CELLS: Final = 10
"""The encoder sees a picture as so many by so many colours."""


def cross(colour: Colour, side: int = 80) -> Image.Image:
    """On white."""
    image = plain((255, 255, 255), (side, side))
    for box in ((0.4, 0.1, 0.6, 0.9), (0.1, 0.4, 0.9, 0.6)):
        ImageDraw.Draw(image).rectangle([side * edge for edge in box], fill=colour)
    return image


KINDS: Final = {
    "ball": ("Toys > Balls", "玩具 > 球", "Ball", "球", disc),
    "shirt": ("Clothes > Shirts", "服装 > 衬衫", "Striped shirt", "条纹衬衫", stripes),
    "kite": ("Toys > Kites", "玩具 > 风筝", "Kite", "风筝", cross),
}
"""Category and title in both languages, and how such a thing is painted."""


def picture(kind: str, colour: str, side: int = 80) -> bytes:
    return saved(KINDS[kind][4](COLOURS[colour], side))


def product(kind: str, colour: str, number: int = 1, **more: object) -> Product:
    path, chinese_path, title, chinese, _ = KINDS[kind]
    more = {"images": (f"https://shop.example/{kind}-{colour.lower()}.png",)} | more
    return Product(
        id=f"{kind}-{colour.lower()}-{number}",
        title=f"{title} no. {number} in {colour.lower()}",
        categories=(path,),
        price=Money(1000 * number, "USD"),
        attributes={"color": (colour,)},
        localized={"zh": LocalizedText(CHINESE[colour] + chinese, None, (chinese_path,))},
        **more,  # type: ignore[arg-type]
    )


def products() -> Iterator[Product]:
    """Three of each kind and colour, at $10 to $30; the dearest green balls are sold out.

    A gift card has no picture.
    """
    for kind in KINDS:
        for colour in COLOURS:
            for number in (1, 2, 3):
                sold_out = (kind, colour, number) == ("ball", "Green", 3)
                stock = "OUT_OF_STOCK" if sold_out else "IN_STOCK"
                yield product(kind, colour, number, availability=stock)
    yield Product("card", "Gift card", categories=("Cards",), price=Money(2000, "USD"))


def paint(folder: Path) -> None:
    """The pictures of the products."""
    folder.mkdir(parents=True)
    for kind in KINDS:
        for colour in COLOURS:
            (folder / f"{kind}-{colour.lower()}.png").write_bytes(picture(kind, colour))


def write_encoder(cache: Path) -> Path:
    """An encoder's graph, where training finds it: means of 10 by 10 cells, shape before colour.

    The trained one takes some 15 seconds to be made; its own tests do that.
    """
    cell = SIZE // CELLS
    seen = 3 * CELLS * CELLS
    constants: dict[str, np.ndarray] = {
        "pads": np.array([0, 0, 0, WIDTH - seen], np.int64),
        # Brightness, and a little of red against green and of green against blue.
        "mixed": np.array([[1, 0.4, 0], [1, -0.4, 0.4], [1, 0, -0.4]], np.float32),
        "flat": np.array([0, seen], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["pixels"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("MatMul", ["floats", "mixed"], ["mixture"]),
        helper.make_node("Transpose", ["mixture"], ["channels"], perm=[0, 3, 1, 2]),
        helper.make_node(
            "AveragePool", ["channels"], ["cells"], kernel_shape=[cell, cell], strides=[cell, cell]
        ),
        helper.make_node("Reshape", ["cells", "flat"], ["colours"]),
        helper.make_node("Pad", ["colours", "pads"], ["features"]),
    ]
    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["b", SIZE, SIZE, 3])
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["b", WIDTH])
    initial = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "cells", [pixels], [features], initial)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    cache.mkdir(parents=True, exist_ok=True)
    made = cache / "graph.onnx"
    onnx.save(model, str(made))
    return made.rename(cache / image_graph_name(file_digest(made)))
