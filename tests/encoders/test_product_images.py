import logging
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from daogou.encoders import ImageReport, Progress, VectorCache, encode_product_images
from daogou.encoders import product_images as module
from daogou.encoders.base import unit
from daogou.encoders.pictures import Fault, content, pixels
from daogou.encoders.product_images import locate
from daogou.errors import EncoderError
from tests.encoders.painting import noise, saved

Float32 = npt.NDArray[np.float32]


class Mean:
    """The mean of a picture's pixels; remembers how many it was asked for."""

    name, version, dim = "mean", "1", 3

    def __init__(self) -> None:
        self.asked = 0

    def encode(
        self,
        images: Sequence[Path | bytes],
        *,
        fault: Fault | None = None,
        progress: Progress | None = None,
    ) -> Float32:
        del progress
        self.asked += len(images)
        vectors = np.zeros((len(images), 3), np.float32)
        for row, image in enumerate(images):
            try:
                read = image if isinstance(image, bytes) else content(image)
                vectors[row] = pixels(read, 8).mean(axis=(0, 1))
            except EncoderError as error:
                assert fault is not None
                fault(row, str(error))
        return unit(vectors)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures 0.png to 9.png, and sub/0.png, which is another one."""
    pictures = tmp_path / "pictures"
    (pictures / "sub").mkdir(parents=True)
    for n in range(10):
        (pictures / f"{n}.png").write_bytes(saved(noise(n)))
    (pictures / "sub" / "0.png").write_bytes(saved(noise(100)))
    (tmp_path / "secret.png").write_bytes(saved(noise(200)))
    return pictures


# --- where a picture is


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("3.png", "3.png"),
        ("sub/0.png", "sub/0.png"),
        ("./sub/../3.png", "3.png"),
        ("{folder}/sub/0.png", "sub/0.png"),
        ("file://{folder}/3.png", "3.png"),
        ("FILE:{folder}/sub/0.png", "sub/0.png"),
        ("/sub/0.png", "sub/0.png"),
        ("https://shop.example/img/large/3.png", "3.png"),
        ("HTTP://shop.example/3.png?v=12&x=/4.png#5.png", "3.png"),
        ("//cdn.shop.example/files/3.png", "3.png"),
        ("https://shop.example/a%20b%23.png", "a b#.png"),
        ("a b#.png", "a b#.png"),
    ],
)
def test_a_picture_is_found(folder: Path, uri: str, expected: str) -> None:
    (folder / "a b#.png").write_bytes(b"x")
    assert locate(uri.format(folder=folder), folder) == folder.resolve() / expected


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("../secret.png", "leads out of"),
        ("sub/../../secret.png", "leads out of"),
        ("{folder}/../secret.png", "leads out of"),
        ("file://{folder}/../secret.png", "leads out of"),
        ("file:///etc/passwd", "is not in"),
        ("/etc/passwd", "is not in"),
        ("https://shop.example/..%2Fsecret.png", "is not in"),
        ("https://shop.example/..", "leads out of"),
        ("https://[broken/3.png", "is not in"),
        ("ftp://shop.example/3.png", "is not in"),
        ("data:image/png;base64,AAAA", "is not in"),
        ("3.png\0", "is not in"),
        ("x" * 5000, "is not in"),
        ("link.png", "leads out of"),
        ("linked/secret.png", "leads out of"),
        ("circle.png", "is not in"),
    ],
)
def test_nothing_outside_of_the_folder_is_read(folder: Path, uri: str, reason: str) -> None:
    (folder / "link.png").symlink_to(folder.parent / "secret.png")
    (folder / "linked").symlink_to(folder.parent)
    (folder / "circle.png").symlink_to(folder / "circle.png")
    with pytest.raises(EncoderError, match=reason):
        locate(uri.format(folder=folder), folder)


def test_a_link_inside_of_the_folder_and_one_to_it_are_followed(folder: Path) -> None:
    (folder / "twin.png").symlink_to("3.png")
    (folder.parent / "door").symlink_to(folder)
    assert locate("twin.png", folder.parent / "door") == folder.resolve() / "3.png"
    assert locate(f"{folder.parent}/door/3.png", folder.parent / "door").name == "3.png"


def test_a_folder_that_counts_from_here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    assert locate("3.png", Path("pictures")) == folder.resolve() / "3.png"
    with pytest.raises(EncoderError, match="image folder nowhere"):
        locate("3.png", Path("nowhere"))


# --- their vectors


def test_order_is_kept_and_a_bad_picture_costs_itself(folder: Path) -> None:
    (folder / "bad.png").write_bytes(b"no picture")
    images = [["7.png", "0.png"], [], ["none.png"], ["bad.png"], ["https://x.example/2.png"]]
    vectors, report = encode_product_images(Mean(), images, folder)
    assert vectors.dtype == np.float16
    expected = Mean().encode([folder / "7.png", folder / "2.png"])
    np.testing.assert_allclose(vectors[[0, 4]], expected, atol=1e-3)
    assert not vectors[1:4].any()
    assert (report.products, report.pictures, report.encoded) == (5, 2, 2)
    assert set(report.faults) == {2, 3}
    assert report.faults[2].startswith("'none.png', which is not in the image folder")
    assert str(report) == (
        "2 of 5 products have a picture; 2 cannot be read, such as 'none.png', which is not in"
        f" the image folder {folder}."
    )


@pytest.mark.parametrize("name", ["empty.png", "folder.png", "cut.png", "pipe.png"])
def test_odd_files_cost_themselves(folder: Path, name: str) -> None:
    (folder / "empty.png").touch()
    (folder / "folder.png").mkdir()
    (folder / "cut.png").write_bytes((folder / "1.png").read_bytes()[:60])
    os.mkfifo(folder / "pipe.png")
    vectors, report = encode_product_images(Mean(), [["0.png"], [name], ["1.png"]], folder)
    assert vectors.any(axis=1).tolist() == [True, False, True]
    assert name in report.faults[1]


def test_a_picture_is_encoded_once_in_its_life(folder: Path, tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "cache" / "image-vectors.db")
    (folder / "copy.png").write_bytes((folder / "0.png").read_bytes())
    images = [["0.png"], ["1.png"], ["copy.png"], ["0.png"]]
    first, second = Mean(), Mean()
    fresh, report = encode_product_images(first, images, folder, cache)
    assert (first.asked, report.encoded, report.pictures) == (2, 2, 4)
    kept, report = encode_product_images(second, [*images, ["2.png"]], folder, cache)
    assert (second.asked, report.encoded, report.pictures) == (1, 1, 5)
    np.testing.assert_array_equal(kept[:4], fresh)
    np.testing.assert_array_equal(fresh[[2, 3]], fresh[[0, 0]])


def test_a_changed_file_and_another_version_are_encoded_again(folder: Path, tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "image-vectors.db")
    before, _ = encode_product_images(Mean(), [["0.png"]], folder, cache)
    (folder / "0.png").write_bytes(saved(noise(50)))
    after, report = encode_product_images(Mean(), [["0.png"]], folder, cache)
    assert report.encoded == 1
    assert (before != after).any()
    newer = Mean()
    newer.version = "2"
    assert encode_product_images(newer, [["0.png"]], folder, cache)[1].encoded == 1


def test_batches_change_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a cache too, a picture of an earlier batch is not encoded again."""
    images = [[f"{n % 7}.png"] if n % 4 else ["none.png"] for n in range(30)]
    whole, _ = encode_product_images(Mean(), images, folder)
    monkeypatch.setattr(module, "BATCH", 4)
    encoder = Mean()
    told: list[tuple[int, int]] = []
    vectors, report = encode_product_images(
        encoder, images, folder, progress=lambda *step: told.append(step)
    )
    np.testing.assert_array_equal(vectors, whole)
    assert encoder.asked == 7
    assert len(report.faults) == 8
    assert told == [(min(n, 30), 30) for n in range(4, 33, 4)]


def test_a_cache_that_cannot_be_used_costs_no_answer(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        vectors, _ = encode_product_images(
            Mean(), [["0.png"]], folder, VectorCache(folder / "0.png" / "cache.db")
        )
    assert vectors.any()
    assert "not used" in caplog.text


def test_a_shop_without_products(folder: Path) -> None:
    vectors, report = encode_product_images(Mean(), [], folder)
    assert vectors.shape == (0, 3)
    assert str(report) == "0 of 0 products have a picture."
    assert report == ImageReport(0, 0, 0, {})
