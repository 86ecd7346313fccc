"""The benchmark of search by photo, on painted products and by hand-computed values."""

import csv
import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.image_search.__main__ import Labels, main
from benchmarks.image_search.contenders import Chance, Histogram
from benchmarks.image_search.photos import ALTERED, Photo, altered, load
from tests.encoders.painting import saved
from tests.photos.shop import COLOURS, KINDS, picture, write_encoder


def photo(name: str, kind: str, colour: str, gender: str = "Men") -> Photo:
    return Photo(name, Path(f"{name}.jpg"), kind, kind, colour, gender)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five photos of each kind and colour, each a little larger than the one before."""
    images = tmp_path / "data" / "images"
    images.mkdir(parents=True)
    with (images.parent / "products.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "gender", "subCategory", "articleType", "baseColour"])
        for kind in KINDS:
            for colour in COLOURS:
                for n in range(5):
                    name = f"{kind}-{colour}-{n}"
                    rows.writerow([name, "Men", kind, kind, colour])
                    painted = Image.open(io.BytesIO(picture(kind, colour, 80 + n)))
                    (images / f"{name}.jpg").write_bytes(saved(painted, "JPEG"))
        rows.writerow(["lost", "Men", "ball", "ball", "Red"])
    return images.parent


def test_products_without_a_photo_are_left_out(folder: Path) -> None:
    photos = load(folder)
    assert len(photos) == 60
    assert photos[0] == Photo(
        "ball-Red-0", folder / "images" / "ball-Red-0.jpg", "ball", "ball", "Red", "Men"
    )


def test_the_metrics_by_hand() -> None:
    catalogue = [
        photo("0", "ball", "Red"),
        photo("1", "ball", "Red", "Women"),
        photo("2", "ball", "Blue"),
        photo("3", "kite", "Red"),
    ]
    told = Labels.of(catalogue).judge(photo("x", "ball", "Red"), np.array([3, 1, 0, -1]))
    # Of three balls two are found, and both that are red.
    assert told[:3] == pytest.approx([2 / 3, 2 / 3, 1])
    # Grades: 3, 2, 1, 0. Found in the order 0, 2, 3.
    gained = 3 / math.log2(3) + 7 / math.log2(4)
    ideal = 7 + 3 / math.log2(3) + 1 / math.log2(4)
    assert told[3] == pytest.approx(gained / ideal)
    nothing = Labels.of(catalogue).judge(photo("x", "shoe", "Red"), np.array([0]))
    assert all(math.isnan(value) for value in nothing)


def test_a_histogram_finds_the_colour_and_chance_finds_anything() -> None:
    photos = [picture("ball", colour) for colour in COLOURS]
    histogram = Histogram()
    histogram.index(photos)
    ranked = histogram.rank([picture("kite", "Green"), picture("ball", "Blue")], 2)
    assert ranked[:, 0].tolist() == [2, 1]
    chance = Chance(0)
    chance.index(photos)
    assert sorted(chance.rank(photos[:1], 4)[0].tolist()) == [0, 1, 2, 3]


@pytest.mark.parametrize("name", list(ALTERED))
def test_an_altered_photo_is_another_of_the_same(folder: Path, name: str) -> None:
    one = load(folder)[0]
    changed = altered(one, ALTERED[name], np.random.default_rng(0))
    again = altered(one, ALTERED[name], np.random.default_rng(0))
    assert changed == again != one.path.read_bytes()


def test_all_contenders_in_one_run(folder: Path, tmp_path: Path) -> None:
    write_encoder(tmp_path / "cache")
    found = tmp_path / "found.json"
    main(
        ["--data", str(folder), "--cache", str(tmp_path / "cache"), "--altered", "10",
         "--scale", "500", "--json", str(found)]
    )  # fmt: skip
    document = json.loads(found.read_text(encoding="utf-8"))
    assert document["name"] == "image_search"
    alike = {r["name"]: r for r in document["rows"] if r["question"] == "what looks alike"}
    assert list(alike) == [
        "random", "colour histogram", "encoder, 1,280 wide, exact", "daogou photo",
    ]  # fmt: skip
    ours = alike["daogou photo"]
    assert ours["photos"] == 6
    assert ours["recall@10_type"] > alike["random"]["recall@10_type"]
    assert ours["ndcg@10"] > alike["random"]["ndcg@10"]
    assert ours["ndcg@10_low"] <= ours["ndcg@10"] <= ours["ndcg@10_high"]
    same = [r for r in document["rows"] if "recall@1" in r]
    assert len(same) == len(ALTERED) * len(alike)
    assert all(r["recall@1"] <= r["recall@10"] for r in same)
    (timed,) = (r for r in document["rows"] if "bytes_a_product" in r)
    assert timed["recall@10_of_exact"] > 0.9
    assert timed["bytes_a_product"] == 512
