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
TOKEN = PageToken(24, NOW - 60)


def test_a_token_comes_back_as_it_went() -> None:
    text = TOKEN.encode(REQUEST)
    assert PageToken.decode(text, REQUEST, NOW) == TOKEN


def test_the_size_of_a_page_and_its_facets_may_change() -> None:
    other = SearchRequest("milk", visitor_id="v", page_size=5)
    assert PageToken.decode(TOKEN.encode(REQUEST), other, NOW) == TOKEN


@pytest.mark.parametrize(
    ("request_", "now", "message"),
    [
        (SearchRequest("bread", visitor_id="v"), NOW, "another query, filter, order"),
        (SearchRequest("milk", visitor_id="w"), NOW, "another query, filter, order"),
        (SearchRequest("milk", "v", filter="price < 3"), NOW, "another query, filter"),
        (REQUEST, NOW + 90_000, "more than a day old"),
        (REQUEST, NOW - 600, "not one that this server gave out"),
    ],
)
def test_a_token_for_something_else_is_refused(
    request_: SearchRequest, now: float, message: str
) -> None:
    with pytest.raises(InvalidInput, match=message) as caught:
        PageToken.decode(TOKEN.encode(REQUEST), request_, now)
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
        forged(2, -24, NOW, "f"),
        forged(2, True, NOW, "f"),
        forged(2, 24, "now", "f"),
        forged(9, 24, NOW, "f"),
        forged(2, 24),
        forged({"offset": 24}),
    ],
)
def test_a_forged_or_damaged_token_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not one that this server gave out"):
        PageToken.decode(text, REQUEST, NOW)


@given(st.text(max_size=60))
def test_no_text_is_a_token(text: str) -> None:
    with pytest.raises(InvalidInput):
        PageToken.decode(text, REQUEST, NOW)
