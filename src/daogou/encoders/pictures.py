"""Files that somebody else made, to squares of pixels: nothing in them is believed."""

import io
import stat
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from daogou.errors import EncoderError

if TYPE_CHECKING:
    from PIL import Image

UInt8 = npt.NDArray[np.uint8]
Fault = Callable[[int, str], None]
"""Called with the place of a picture that cannot be read, and the reason."""

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF")
"""What shops have. Pillow knows forty more, and one of those starts another program."""
MAX_BYTES: Final = 32 << 20
MAX_PIXELS: Final = 50_000_000
"""A larger picture is refused before it is unpacked: a few kilobytes can claim gigabytes."""
CROP_PADDING: Final = 32
"""The network saw a picture without its margin: S of S + 32 parts of the shorter side."""


def content(path: Path) -> bytes:
    """What a file holds.

    Raises
    ------
    EncoderError
        It is no ordinary file, empty, larger than :data:`MAX_BYTES`, or cannot be read.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # a pipe would be waited for without end
            raise EncoderError("is not a file; expected a picture")
        with path.open("rb") as file:
            read = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise EncoderError(f"cannot be read ({reason})") from error
    if not read:
        raise EncoderError("is empty; expected a picture")
    if len(read) > MAX_BYTES:
        raise EncoderError(f"is larger than {MAX_BYTES >> 20} MB; save it smaller")
    return read


def pixels(picture: bytes, size: int) -> UInt8:
    """The middle of a picture, uint8 [S, S, 3] with S = ``size``.

    Upright as its EXIF data say, the first frame where it moves, on white where it
    is transparent. The square in the middle of the shorter side, without the margin
    that the network did not see either, is scaled with a bicubic filter
    (``_decode_and_center_crop`` in the preprocessing of the EfficientNet release,
    https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet).

    Raises
    ------
    EncoderError
        It is not a whole picture in one of :data:`FORMATS`, or has more than
        :data:`MAX_PIXELS`.
    """
    from PIL import ImageOps

    with _opened(picture) as image:
        # JPEG alone can be unpacked at 1/2, 1/4 or 1/8; twice the size loses nothing.
        enough = 2 * (size + CROP_PADDING)
        image.draft(None, (enough, enough))
        upright = ImageOps.exif_transpose(image)
        return _on_white(_middle(_in_colour(upright), size))


def check_picture(picture: bytes) -> None:
    """Look at the head of a picture alone, which says its kind and its size.

    Raises
    ------
    EncoderError
        It is not of :data:`FORMATS`, or has more than :data:`MAX_PIXELS`.
    """
    with _opened(picture):
        return


@contextmanager
def _opened(picture: bytes) -> "Iterator[Image.Image]":
    """A picture whose head was read and whose size is allowed; faults have one class."""
    from PIL import Image, UnidentifiedImageError

    try:
        # Pillow's warnings are of what is refused or mended here.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(picture), formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise EncoderError(_too_large(image.width, image.height))
                yield image
    except EncoderError:
        raise
    except UnidentifiedImageError as error:
        raise EncoderError(f"is not a picture; expected {', '.join(FORMATS)}") from error
    except Exception as error:
        # Decoders fail on broken files in a dozen ways: OSError, SyntaxError, struct.error ...
        raise EncoderError(f"cannot be decoded ({error or type(error).__name__})") from error


def _too_large(width: int, height: int) -> str:
    return (
        f"has {width} x {height} pixels, and {MAX_PIXELS // 1_000_000} million are allowed;"
        " save it smaller"
    )


def _in_colour(image: "Image.Image") -> "Image.Image":
    """In 8 bits of red, green and blue, with alpha where something is transparent."""
    from PIL import Image

    if image.mode.startswith("I;16"):  # would be cut at 255, not scaled
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _middle(image: "Image.Image", size: int) -> "Image.Image":
    from PIL import Image

    side = min(image.size) * size / (size + CROP_PADDING)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    box = (left, top, left + side, top + side)
    return image.resize((size, size), Image.Resampling.BICUBIC, box=box)


def _on_white(image: "Image.Image") -> UInt8:
    from PIL import Image

    if image.mode == "RGBA":
        ground = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(ground, image).convert("RGB")
    return np.asarray(image, np.uint8)
