"""A message with a photo: what is shown, what stays of it, and what it is refined to."""

import json
from pathlib import Path

import pytest

from daogou.assistant import Assistant, Reply, Wish, reply_to_json, ungrounded
from daogou.assistant.photos import shown_by
from daogou.assistant.reading import Wanted
from daogou.engine import Engine
from daogou.errors import InvalidInput
from daogou.store import Store
from daogou.types import Product
from tests.photos.shop import picture


@pytest.fixture
def assistant(engine: Engine, store: Store) -> Assistant:
    return Assistant(engine, store)


@pytest.fixture
def talk(assistant: Assistant) -> str:
    return assistant.begin(None, "en").conversation_id


def shown(reply: Reply) -> list[str]:
    return [card.id for card in reply.products]


def test_what_looks_like_it_is_shown_with_the_reason(assistant: Assistant, talk: str) -> None:
    reply = assistant.say(talk, "do you have something like this?", image=picture("kite", "Red"))
    assert reply.intent == "photo"
    assert set(shown(reply)[:3]) == {f"kite-red-{n}" for n in (1, 2, 3)}
    assert {card.reason for card in reply.products} == {"Looks like your photo"}
    assert "Kites" in reply.text
    assert not ungrounded(reply.text, reply.facts)


def test_the_same_in_chinese(assistant: Assistant, talk: str) -> None:
    reply = assistant.say(talk, "这个有吗？", image=picture("ball", "Blue"))
    assert reply.language == "zh"
    assert set(shown(reply)[:3]) == {f"ball-blue-{n}" for n in (1, 2, 3)}
    assert reply.products[0].reason == "与您的照片相似"
    assert "照片相似" in reply.text


def test_a_photo_alone_is_a_message(assistant: Assistant, talk: str) -> None:
    reply = assistant.say(talk, "", image=picture("shirt", "Green"))
    assert set(shown(reply)[:3]) == {f"shirt-green-{n}" for n in (1, 2, 3)}


def test_words_afterwards_refine_it(assistant: Assistant, talk: str) -> None:
    assistant.say(talk, "do you have this?", image=picture("kite", "Red"))
    blue = assistant.say(talk, "in blue")
    assert set(shown(blue)) == {f"kite-blue-{n}" for n in (1, 2, 3)}
    cheap = assistant.say(talk, "under $15")
    assert shown(cheap) == ["kite-blue-1"]
    told = assistant.say(talk, "what do you know about my wishes?")
    assert "Kites" in told.text
    assert "blue" in told.text.lower()


def test_words_beside_it_count_before_what_it_shows(assistant: Assistant, talk: str) -> None:
    reply = assistant.say(talk, "like this but in blue, under $25", image=picture("kite", "Red"))
    assert set(shown(reply)) == {"kite-blue-1", "kite-blue-2"}
    state = assistant.last(talk)
    assert [w.values for w in state.must if w.field == "attributes.color"] == [("Blue",)]
    assert not [w for w in state.prefer if w.field == "attributes.color"]


def test_what_stays_is_the_wish_and_not_the_photo(
    assistant: Assistant, talk: str, store: Store
) -> None:
    photo = picture("kite", "Red")
    reply = assistant.say(talk, "this one", image=photo)
    state = assistant.last(talk)
    kites = Wish("categories", "must", ("Toys > Kites",), filter='categories: ANY("Toys > Kites")')
    red = Wish("attributes.color", "prefer", ("Red",), filter='attributes.color: ANY("Red")')
    assert state.wishes == (kites, red)
    written = json.dumps([reply_to_json(reply), *(turn.reply for turn in store.turns(talk))])
    assert "PNG" not in written
    assert len(written) < 20_000
    # Not a byte of it is anywhere in the database.
    raw = b"".join(path.read_bytes() for path in _files(store) if path.exists())
    assert photo[60:120] not in raw


def _files(store: Store) -> list[Path]:
    path = Path(store.url.removeprefix("sqlite:///"))
    return [path, path.with_name(f"{path.name}-wal")]


def test_what_was_turned_down_does_not_come_back_by_photo(assistant: Assistant, talk: str) -> None:
    first = assistant.say(talk, "", image=picture("kite", "Red"))
    rejected = shown(first)[0]
    assistant.say(talk, "I don't like the first one")
    again = assistant.say(talk, "and this?", image=picture("kite", "Red"))
    assert rejected in assistant.last(talk).rejected
    assert rejected not in shown(again)
    assert shown(again)


def test_a_photo_is_a_new_wish_and_the_cart_stays(assistant: Assistant, talk: str) -> None:
    assistant.say(talk, "kites under $15")
    assistant.say(talk, "add the first one")
    assistant.say(talk, "yes")
    assert assistant.last(talk).cart
    reply = assistant.say(talk, "", image=picture("ball", "Green"))
    assert set(shown(reply)[:3]) == {f"ball-green-{n}" for n in (1, 2, 3)}
    state = assistant.last(talk)
    assert state.cart
    assert not [w for w in state.wishes if w.field == "price"]


def test_where_nothing_alike_has_all_of_it_that_is_said(assistant: Assistant, talk: str) -> None:
    reply = assistant.say(talk, "under $5", image=picture("ball", "Red"))
    assert "so I looked without it" in reply.text
    assert shown(reply)[0].startswith("ball-red")


def test_what_is_no_photo_is_refused_and_costs_nothing(
    assistant: Assistant, talk: str, store: Store
) -> None:
    before = assistant.last(talk)
    with pytest.raises(InvalidInput, match="is not a picture") as refused:
        assistant.say(talk, "this?", image=b"<svg/>")
    assert refused.value.field == "image"
    assert assistant.last(talk) == before
    assert len(store.turns(talk)) == 1


def test_a_shop_that_cannot_look_says_so_and_reads_the_words(
    store: Store, painted: Path, tmp_path: Path
) -> None:
    del painted
    with Engine.open(store, tmp_path / "none") as engine:
        assistant = Assistant(engine, store)
        talk = assistant.begin(None, "en").conversation_id
        alone = assistant.say(talk, "", image=picture("kite", "Red"))
        assert alone.intent == "photo"
        assert "cannot look at photos" in alone.text
        assert not alone.products
        both = assistant.say(talk, "red kite", image=picture("kite", "Red"))
        assert "cannot look at photos" in both.text
        assert any(card.id.startswith("kite-red") for card in both.products)


# --- what products have in common


def of(path: str, **attributes: str) -> Product:
    told = {key: (value,) for key, value in attributes.items()}
    return Product("x", "X", categories=(path,) if path else (), attributes=told)


@pytest.mark.parametrize(
    ("products", "values"),
    [
        ([of("A > B", color="Red")] * 3, ["A > B", "Red"]),
        ([of("A > B"), of("A > B"), of("A > C")], ["A > B"]),
        ([of("A > B"), of("A > C"), of("A > D")], ["A"]),
        ([of("A > B"), of("C > D")], []),
        ([of("", color="Red"), of("A > B", color="Red"), of("")], ["Red"]),
        ([of("A", season="Winter", warranty="1 year")] * 2, ["A"]),
        ([], []),
    ],
)
def test_a_photo_shows_what_most_of_its_like_have_in_common(
    products: list[Product], values: list[str]
) -> None:
    assert [wish.values[0] for wish in shown_by(products, Wanted())] == values


def test_what_was_said_is_not_read_out_of_the_photo() -> None:
    said = Wanted(wishes=(Wish("attributes.color", "must", ("Blue",)),), names_kind=True)
    assert list(shown_by([of("A > B", color="Red")] * 3, said)) == []
