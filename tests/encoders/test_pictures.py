import contextlib
import os
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from daogou.encoders import pictures
from daogou.encoders.pictures import FORMATS, content, pixels
from daogou.errors import EncoderError
from tests.encoders.painting import BLUE, RED, noise, plain, saved

S = 32


def middle(picture: bytes) -> npt.NDArray[np.int64]:
    found: npt.NDArray[np.int64] = pixels(picture, S)[S // 2, S // 2].astype(np.int64)
    return found


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_read(kind: str) -> None:
    read = pixels(saved(plain(RED), kind), S)
    assert read.shape == (S, S, 3)
    assert read.dtype == np.uint8
    assert np.abs(middle(saved(plain(RED), kind)) - RED).max() <= 8


def transparent() -> bytes:
    return saved(Image.new("RGBA", (40, 40), (*RED, 0)))


def see_through_palette() -> bytes:
    image = Image.new("P", (40, 40), 1)
    image.putpalette([*BLUE, *RED])
    return saved(image, transparency=1)


def palette() -> bytes:
    return saved(plain(RED).quantize(4))


def cmyk() -> bytes:
    return saved(Image.new("CMYK", (40, 40), (0, 255, 255, 0)), "JPEG")


def grey_and_alpha() -> bytes:
    return saved(Image.new("LA", (40, 40), (100, 255)))


def sixteen_bits() -> bytes:
    return saved(Image.fromarray(np.full((40, 40), 100 << 8, np.uint16)))


def one_bit() -> bytes:
    return saved(Image.new("1", (40, 40), 1))


def animated() -> bytes:
    return saved(plain(RED), "GIF", save_all=True, append_images=[plain(BLUE)] * 3)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (transparent, (255, 255, 255)),
        (see_through_palette, (255, 255, 255)),
        (palette, RED),
        (cmyk, (255, 0, 0)),
        (grey_and_alpha, (100, 100, 100)),
        (sixteen_bits, (100, 100, 100)),
        (one_bit, (255, 255, 255)),
        (animated, RED),
    ],
)
def test_every_kind_of_colour_is_read(
    made: Callable[[], bytes], expected: tuple[int, int, int]
) -> None:
    assert np.abs(middle(made()) - expected).max() <= 8


def test_the_square_is_the_middle_without_its_margin() -> None:
    wide = plain(BLUE, (300, 100))
    wide.paste(RED, (100, 0, 200, 100))  # the square in the middle
    read = pixels(saved(wide), S).astype(int)
    assert np.abs(read - RED).max() <= 2

    framed = plain(RED, (640, 640))
    margin = 640 * 32 // (S + 32) // 2  # half of the padding on each side
    framed.paste(BLUE, (margin, margin, 640 - margin, 640 - margin))
    read = pixels(saved(framed), S).astype(int)
    assert np.abs(read[1:-1, 1:-1] - BLUE).max() <= 12


def test_the_edge_of_what_is_transparent_has_no_colour_of_its_own() -> None:
    """A cut-out's invisible pixels are often black; none of it may show when it is scaled."""
    cut_out = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    cut_out.paste((255, 255, 255, 255), (75, 75, 225, 225))
    assert pixels(saved(cut_out), S).min() >= 250


def test_a_photo_that_was_taken_sideways_stands_upright() -> None:
    upright = plain(BLUE, (90, 90))
    upright.paste(RED, (0, 0, 90, 45))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    turned = upright.transpose(Image.Transpose.ROTATE_90)
    read = pixels(saved(turned, "JPEG", exif=exif, quality=95), S).astype(int)
    assert np.abs(read[2, S // 2] - RED).max() <= 30
    assert np.abs(read[-3, S // 2] - BLUE).max() <= 30


def test_a_large_photo_is_unpacked_small_and_looks_the_same() -> None:
    photo = noise(1, 2000, 1750)
    whole, drafted = pixels(saved(photo), 260), pixels(saved(photo, "JPEG", quality=95), 260)
    assert np.abs(whole.astype(int) - drafted.astype(int)).mean() < 4


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (2, 2)])
def test_odd_sizes(size: tuple[int, int]) -> None:
    assert np.abs(middle(saved(plain(RED, size))) - RED).max() <= 2


# --- what cannot be read


def bomb(width: int, height: int) -> bytes:
    """A PNG of a hundred bytes that claims to be so large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    drawn = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", drawn) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (bomb(8000, 8000), r"has 8000 x 8000 pixels, and 50 million are allowed"),
        (bomb(10_000, 10_000), r"has 10000 x 10000 pixels"),  # Pillow warns
        (bomb(60_000, 60_000), r"cannot be decoded.*decompression bomb"),  # Pillow refuses
        (bomb(0, 0), r"is not a picture|cannot be decoded"),
        (saved(noise(1), "JPEG")[:700], r"cannot be decoded.*truncated"),
        (saved(noise(1))[:100], r"cannot be decoded"),
        (b"GIF89a", r"is not a picture|cannot be decoded"),
        (b"<html><body>404 Not Found</body></html>", r"is not a picture; expected JPEG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", r"is not a picture"),
        (saved(plain(RED), "TIFF"), r"is not a picture"),
        (b"\0" * 5000, r"is not a picture"),
    ],
)
def test_a_hostile_picture_is_refused(picture: bytes, reason: str) -> None:
    with pytest.raises(EncoderError, match=reason):
        pixels(picture, S)


def test_any_damage_is_refused_or_read() -> None:
    """Flipped and cut bytes never end in anything but pixels or an EncoderError."""
    random = np.random.default_rng(0)
    for kind in FORMATS:
        whole = saved(noise(3), kind)
        for _ in range(40):
            damaged = bytearray(whole[: random.integers(1, len(whole) + 1)])
            for place in random.integers(0, len(damaged), 5):
                damaged[place] = random.integers(256)
            with contextlib.suppress(EncoderError):
                assert pixels(bytes(damaged), S).shape == (S, S, 3)


def test_the_filters_of_warnings_are_left_as_they_were() -> None:
    before = list(warnings.filters)
    pixels(saved(plain(RED)), S)
    assert list(warnings.filters) == before


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"anything")
    assert content(tmp_path / "a.png") == b"anything"


def test_what_is_no_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "large.jpg").write_bytes(b"x" * 11)
    os.mkfifo(tmp_path / "pipe.jpg")
    monkeypatch.setattr(pictures, "MAX_BYTES", 10)
    for name, reason in {
        "empty.jpg": "is empty",
        "folder.jpg": "is not a file",
        "pipe.jpg": "is not a file",
        "large.jpg": "is larger than",
        "none.jpg": "No such file",
        "nul\0.jpg": "null byte",
    }.items():
        with pytest.raises(EncoderError, match=reason):
            content(tmp_path / name)
