import base64

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daogou.engine import SearchRequest
from daogou.engine.paging import PageToken
from daogou.errors import InvalidInput

NOW = 1_700_000_000.0
REQUEST = SearchRequest("milk", visitor_id="v")
TOKEN = PageToken(24, NOW - 60, "model-1")


def test_a_token_comes_back_as_it_went() -> None:
    text = TOKEN.encode(REQUEST)
    assert PageToken.decode(text, REQUEST, "model-1", NOW) == TOKEN


def test_the_size_of_a_page_and_its_facets_may_change() -> None:
    other = SearchRequest("milk", visitor_id="v", page_size=5)
    assert PageToken.decode(TOKEN.encode(REQUEST), other, "model-1", NOW) == TOKEN


@pytest.mark.parametrize(
    ("request_", "index", "now", "message"),
    [
        (REQUEST, "model-2", NOW, "another version of the index"),
        (SearchRequest("bread", visitor_id="v"), "model-1", NOW, "another query, filter, order"),
        (SearchRequest("milk", visitor_id="w"), "model-1", NOW, "another query, filter, order"),
        (SearchRequest("milk", "v", filter="price < 3"), "model-1", NOW, "another query, filter"),
        (REQUEST, "model-1", NOW + 90_000, "more than a day old"),
        (REQUEST, "model-1", NOW - 600, "not one that this server gave out"),
    ],
)
def test_a_token_for_something_else_is_refused(
    request_: SearchRequest, index: str, now: float, message: str
) -> None:
    with pytest.raises(InvalidInput, match=message) as caught:
        PageToken.decode(TOKEN.encode(REQUEST), request_, index, now)
    assert caught.value.field == "pageToken"
    assert "Ask for the first page again" in str(caught.value)


def forged(*content: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(content)).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "ä",
        "=" * 9,
        TOKEN.encode(REQUEST)[:-5],
        forged(1, -24, NOW, "model-1", "f"),
        forged(1, True, NOW, "model-1", "f"),
        forged(1, 24, "now", "model-1", "f"),
        forged(2, 24, NOW, "model-1", "f"),
        forged(1, 24),
        forged({"offset": 24}),
    ],
)
def test_a_forged_or_damaged_token_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not one that this server gave out"):
        PageToken.decode(text, REQUEST, "model-1", NOW)


@given(st.text(max_size=60))
def test_no_text_is_a_token(text: str) -> None:
    with pytest.raises(InvalidInput):
        PageToken.decode(text, REQUEST, "model-1", NOW)
