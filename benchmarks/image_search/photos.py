"""Photos of products with their labels, and photos that a shopper might take of them."""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageEnhance

Alter = Callable[[Image.Image, np.random.Generator], Image.Image]
_WHITE: Final = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Photo:
    """A product's photo and what it is of."""

    id: str
    path: Path
    category: str
    type: str
    colour: str
    gender: str


def load(folder: Path) -> list[Photo]:
    """The products of a folder in the layout of fashion-9k that have a photo."""
    with (folder / "products.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = (
        Photo(
            row["id"],
            folder / "images" / f"{row['id']}.jpg",
            row["subCategory"],
            row["articleType"],
            row["baseColour"],
            row["gender"],
        )
        for row in rows
    )
    return [photo for photo in found if photo.path.is_file()]


def _cropped(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """70 to 90% of each side, somewhere."""
    share = rng.uniform(0.7, 0.9)
    width, height = int(image.width * share), int(image.height * share)
    left = int(rng.integers(0, image.width - width + 1))
    top = int(rng.integers(0, image.height - height + 1))
    return image.crop((left, top, left + width, top + height))


def _turned(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """By 5 to 20 degrees, either way."""
    angle = float(rng.uniform(5, 20) * rng.choice([-1, 1]))
    return image.rotate(angle, Image.Resampling.BICUBIC, fillcolor=_WHITE)


def _lit(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Darker or lighter, to 0.5 or 1.5 times."""
    return ImageEnhance.Brightness(image).enhance(float(rng.choice([0.5, 0.65, 1.3, 1.5])))


def _mirrored(image: Image.Image, _: np.random.Generator) -> Image.Image:
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def _all(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    for alter in (_turned, _cropped, _lit):
        image = alter(image, rng)
    return image


ALTERED: Final[Mapping[str, Alter]] = {
    "cropped": _cropped,
    "turned": _turned,
    "lit": _lit,
    "mirrored": _mirrored,
    "turned, cropped and lit": _all,
}
"""What happens to a photo, by name."""


def altered(photo: Photo, alter: Alter, rng: np.random.Generator) -> bytes:
    """The photo of a product as another one might have been taken, a JPEG of quality 80."""
    with Image.open(photo.path) as image:
        changed = alter(image.convert("RGB"), rng)
    file = io.BytesIO()
    changed.save(file, "JPEG", quality=80)
    return file.getvalue()
