"""Pictures for the tests, and what they are called when written to a file."""

import io
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
RED: Colour = (200, 30, 30)
BLUE: Colour = (30, 30, 200)


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def plain(colour: Colour, size: tuple[int, int] = (60, 40)) -> Image.Image:
    return Image.new("RGB", size, colour)


def noise(seed: int, width: int = 80, height: int = 70) -> Image.Image:
    """Blocks of colour that no other seed has."""
    drawn = np.random.default_rng(seed).integers(0, 256, (7, 8, 3)).astype(np.uint8)
    return Image.fromarray(drawn).resize((width, height), Image.Resampling.NEAREST)


def disc(colour: Colour, side: int = 80) -> Image.Image:
    """On white."""
    image = plain((255, 255, 255), (side, side))
    ImageDraw.Draw(image).ellipse((side * 0.2, side * 0.2, side * 0.8, side * 0.8), fill=colour)
    return image


def stripes(colour: Colour, side: int = 80) -> Image.Image:
    """Five of them, on white."""
    image = plain((255, 255, 255), (side, side))
    for n in range(5):
        ImageDraw.Draw(image).rectangle((0, side * n / 5, side, side * (n + 0.5) / 5), fill=colour)
    return image
