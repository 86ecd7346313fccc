"""The engine's search by photo: what looks like it, what words change, what is refused."""

import struct
import time
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from daogou.bundle import Bundle
from daogou.encoders import PhotoEncoder, PictureFolders, TextEncoder
from daogou.engine import Engine, SearchRequest, beside_photo
from daogou.engine.catalogue import Catalogue
from daogou.engine.changes import apply_changes
from daogou.engine.model import load_model
from daogou.engine.requests import Boost, FacetSpec
from daogou.engine.vectors import Vectors
from daogou.errors import InvalidInput
from daogou.store import Store
from tests.encoders.painting import disc, saved, stripes
from tests.photos.shop import COLOURS, picture, product


def ids(engine: Engine, photo: bytes, query: str = "", **more: Any) -> list[str]:
    found = engine.search(SearchRequest(query, image=photo, **more))
    return [item.product.id for item in found.slate.items]


# --- what looks like it


@pytest.mark.parametrize("kind", ["ball", "shirt", "kite"])
@pytest.mark.parametrize("colour", list(COLOURS))
def test_a_photo_finds_its_like(engine: Engine, kind: str, colour: str) -> None:
    found = ids(engine, picture(kind, colour, side=200))
    assert set(found[:3]) == {f"{kind}-{colour.lower()}-{n}" for n in (1, 2, 3)}


def test_what_is_alike_says_so_with_its_cosine(engine: Engine) -> None:
    found = engine.search(SearchRequest("", image=picture("kite", "Blue")))
    reasons = [item.reasons[0] for item in found.slate.items]
    assert {reason.code for reason in reasons} == {"looks_like_photo"}
    cosines = [float(reason.values["cosine"]) for reason in reasons]
    assert cosines == sorted(cosines, reverse=True)
    assert cosines[0] == pytest.approx(1, abs=0.01)
    assert cosines[-1] >= 0.4
    assert not found.relaxations
    assert not found.partial


def test_what_has_no_picture_never_looks_like_one(engine: Engine) -> None:
    everything = ids(engine, picture("ball", "Red"), page_size=100)
    assert "card" not in everything


def test_a_page_goes_on_with_the_same_photo_alone(engine: Engine) -> None:
    photo = picture("ball", "Red")
    first = engine.search(SearchRequest("", image=photo, page_size=2))
    assert first.next_page_token is not None
    token = first.next_page_token
    rest = ids(engine, photo, page_size=2, page_token=token)
    assert not set(rest) & {item.product.id for item in first.slate.items}
    with pytest.raises(InvalidInput, match="belongs to another query"):
        ids(engine, picture("ball", "Blue"), page_size=2, page_token=token)


# --- words, filters and order beside it


def test_words_beside_it_change_the_colour(engine: Engine) -> None:
    found = ids(engine, picture("kite", "Red"), "like this but in blue", page_size=3)
    assert set(found) == {f"kite-blue-{n}" for n in (1, 2, 3)}
    assert found == ids(engine, picture("kite", "Red"), "in blue", page_size=3)


def test_chinese_words_do_so_too(engine: Engine) -> None:
    found = ids(
        engine, picture("kite", "Red"), "和这个差不多的，绿色的", page_size=3, language="zh"
    )
    assert set(found) == {f"kite-green-{n}" for n in (1, 2, 3)}


def test_a_budget_beside_it_holds(engine: Engine) -> None:
    found = ids(engine, picture("shirt", "Black"), "under $15")
    assert found[0] == "shirt-black-1"
    assert all(id_.endswith("-1") for id_ in found)


def test_filters_orders_facets_and_boosts_hold(engine: Engine) -> None:
    photo = picture("ball", "Green")
    in_stock = ids(engine, photo, filter='availability: ANY("IN_STOCK")')
    assert "ball-green-3" in ids(engine, photo)
    assert "ball-green-3" not in in_stock
    dearest = engine.search(SearchRequest("", image=photo, order_by="price desc", page_size=50))
    prices = [item.product.price.amount for item in dearest.slate.items if item.product.price]
    assert prices == sorted(prices, reverse=True)
    faceted = engine.search(
        SearchRequest("", image=photo, facets=(FacetSpec("attributes.color"),), page_size=100)
    )
    counts = {value.value: value.count for value in faceted.slate.facets[0].values}
    assert counts["Green"] >= 3
    assert sum(counts.values()) == faceted.slate.total
    up = Boost('attributes.color: ANY("Red")', 1.0)
    lifted, plain = (ids(engine, photo, boosts=boosts) for boosts in ((up,), ()))
    assert lifted.index("ball-red-1") < plain.index("ball-red-1")


def test_where_nothing_alike_passes_it_says_what_is_left_out(engine: Engine) -> None:
    found = engine.search(SearchRequest("under $5", image=picture("ball", "Red")))
    assert found.relaxations[0].applied
    assert found.slate.items[0].product.id == "ball-red-1"


def test_a_change_of_price_shows_at_once(engine: Engine, store: Store) -> None:
    photo = picture("ball", "Red")
    changed = replace(store.products(["ball-red-1"])["ball-red-1"], availability="OUT_OF_STOCK")
    store.put_products([changed])
    assert "ball-red-1" not in ids(engine, photo, filter='availability: ANY("IN_STOCK")')
    store.delete_products(["ball-red-2"])
    assert "ball-red-2" not in ids(engine, photo)


# --- products that come later


def seen(engine: Engine, photo: bytes, wanted: str) -> bool:
    """Whether a product is found; many are read by a thread, for which this waits."""
    for _ in range(600):
        if wanted in ids(engine, photo, page_size=100):
            return True
        time.sleep(0.05)
    return False


def yellow(side: int = 90) -> bytes:
    return saved(disc((240, 220, 40), side))


def test_a_new_product_is_found_in_the_next_answer(
    engine: Engine, store: Store, pictures: Path
) -> None:
    (pictures / "sun.png").write_bytes(yellow())
    sun = replace(product("ball", "Red", 9), id="sun", images=("https://shop.example/sun.png",))
    store.put_products([sun])
    assert ids(engine, yellow())[0] == "sun"


def test_many_new_products_are_found_a_moment_later(
    engine: Engine, store: Store, pictures: Path
) -> None:
    (pictures / "sun.png").write_bytes(yellow())
    suns = [
        replace(product("ball", "Red", n), id=f"sun-{n}", images=("sun.png",)) for n in range(9)
    ]
    store.put_products(suns)
    assert all(seen(engine, yellow(), sun.id) for sun in suns)


def test_another_picture_of_a_product_replaces_its_first(
    engine: Engine, store: Store, pictures: Path
) -> None:
    (pictures / "sun.png").write_bytes(yellow())
    ball = store.products(["ball-red-1"])["ball-red-1"]
    store.put_products([replace(ball, images=("sun.png",))])
    assert ids(engine, yellow())[0] == "ball-red-1"
    assert "ball-red-1" not in ids(engine, picture("ball", "Red"), page_size=3)
    store.put_products([replace(ball, images=())])
    assert "ball-red-1" not in ids(engine, yellow(), page_size=100)


def test_pictures_that_came_after_the_training_are_read_on_opening(
    store: Store, painted: Path, pictures: Path, encoder: TextEncoder
) -> None:
    (pictures / "sun.png").write_bytes(yellow())
    store.put_products([replace(product("ball", "Red", 9), id="sun", images=("sun.png",))])
    folders = PictureFolders(pictures)
    with Engine.open(store, painted / "bundles", encoder=encoder, pictures=folders) as engine:
        assert ids(engine, yellow())[0] == "sun"
    with Engine.open(store, painted / "bundles", encoder=encoder) as blind:
        assert "sun" not in ids(blind, yellow(), page_size=100)


def test_the_picture_of_a_new_product_reaches_the_item_tower(
    painted: Path, pictures: Path, store: Store, encoder: TextEncoder
) -> None:
    bundle = Bundle.current(painted / "bundles")
    assert bundle is not None
    loaded = load_model(bundle, encoder, None, PictureFolders(pictures))
    told: list[Any] = []

    class Tower:
        """Takes down what it is told of pictures."""

        image_width = 8

        def place(self, *others: Any) -> Any:
            told.append(others[-1])
            return np.zeros((len(others[0]), 2), np.float32)

    known = len(loaded.table)
    placed = Vectors(np.zeros((known, 2), np.float32))
    tower: Any = Tower()
    model = replace(loaded.model, ranker=tower, items=placed, taste=loaded.model.meaning)
    old, new = product("kite", "Red", 1), product("kite", "Red", 9)
    table = apply_changes(Catalogue.empty(loaded.table), [old, new], (), store.revision()).table
    model.with_products([old, new], table, known)
    (seen,) = told
    assert model.photos is not None
    assert seen.shape == (1, 8)
    asked = model.photos.vector(picture("kite", "Red"))
    assert asked[:8] / np.linalg.norm(asked[:8]) == pytest.approx(seen[0], abs=1e-3)


# --- photos that are none


def bomb(side: int = 60_000) -> bytes:
    """A few bytes of PNG that claim to be so many pixels wide and high."""

    def chunk(kind: bytes, told: bytes) -> bytes:
        return (
            struct.pack(">I", len(told)) + kind + told + struct.pack(">I", zlib.crc32(kind + told))
        )

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'


@pytest.mark.parametrize(
    ("photo", "message"),
    [
        (b"", "is empty"),
        (SVG, "is not a picture; expected JPEG, PNG, WEBP"),
        (b"just some text\n" * 50, "is not a picture"),
        (bomb(), "decompression bomb"),
        (bomb(12_000), "12000 x 12000 pixels, and 50 million are allowed"),
        (saved(disc((1, 2, 3), 300), "JPEG")[:700], "cannot be decoded"),
        (b"\x89PNG\r\n\x1a\n", "cannot be decoded|is not a picture"),
        (b"x" * ((8 << 20) + 1), r"8,388,609 bytes; expected 8 MB at most"),
    ],
    ids=["empty", "svg", "text", "bomb", "smaller bomb", "truncated", "head alone", "too large"],
)
def test_what_is_no_photo_is_refused(engine: Engine, photo: bytes, message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as refused:
        ids(engine, photo)
    assert refused.value.field == "imageQuery.imageBytes"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_the_kinds_that_telephones_and_shops_have(engine: Engine, kind: str) -> None:
    found = ids(engine, saved(disc(COLOURS["Blue"], 320), kind), page_size=3)
    assert set(found) == {f"ball-blue-{n}" for n in (1, 2, 3)}


def test_a_photo_that_lies_on_its_side_is_set_upright(engine: Engine) -> None:
    upright = stripes(COLOURS["Red"], 200)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter, clockwise
    lying = saved(upright.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=95)
    flat = saved(upright.transpose(Image.Transpose.ROTATE_90), "JPEG", quality=95)

    def cosine(photo: bytes) -> float:
        found = engine.search(SearchRequest("", image=photo, filter='id: ANY("shirt-red-1")'))
        items = found.slate.items
        return float(items[0].reasons[0].values["cosine"]) if items else 0.0

    assert cosine(lying) > 0.95
    assert cosine(flat) < 0.9


# --- where it cannot be


def test_without_pictures_it_is_said_what_to_do(
    store: Store, tmp_path: Path, encoder: TextEncoder
) -> None:
    with Engine.open(store, tmp_path / "none", encoder=encoder) as engine:
        assert not engine.sees_photos
        with pytest.raises(
            InvalidInput, match=r"image_folder.*import images.*daogou train"
        ) as told:
            ids(engine, picture("ball", "Red"))
    assert told.value.field == "imageQuery"


def test_without_pillow_all_but_photos_works(
    store: Store, painted: Path, encoder: TextEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daogou.encoders.image.find_spec", lambda _: None)
    with Engine.open(store, painted / "bundles", encoder=encoder) as engine:
        assert not engine.sees_photos
        assert engine.search(SearchRequest("kite")).slate.items
        with pytest.raises(InvalidInput, match=r"pip install 'daogou\[images\]'"):
            ids(engine, picture("ball", "Red"))


def test_an_encoder_of_another_version_is_refused(
    painted: Path,
    store: Store,
    encoder: TextEncoder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(PhotoEncoder, "version", "another")
    with Engine.open(store, painted / "bundles", encoder=encoder) as engine:
        assert not engine.sees_photos
        with pytest.raises(InvalidInput, match=r"another is here\. Run `daogou train`"):
            ids(engine, picture("ball", "Red"))


# --- words that point


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("do you have something like this?", ""),
        ("这个有吗", ""),
        ("有没有类似的", ""),
        ("有同款吗", ""),
        ("like this but in blue", "in blue"),
        ("the same in red", "in red"),
        ("similar to this but under $50", "under $50"),
        ("I want a dress like the one in this photo", "a dress"),
        ("我想买一件和图片里一样的，不要红色", "不要红色"),
        ("照片里的裙子有吗，200以内", "裙子 ，200以内"),
        ("I like red dresses", "I like red dresses"),
        ("有效期长的", "有效期长的"),
        ("likely", "likely"),
    ],
)
def test_what_points_at_the_photo_is_no_word_to_look_for(said: str, left: str) -> None:
    assert beside_photo(said) == left
