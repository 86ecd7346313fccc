"""Products from Google Merchant's tab-separated feed."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from daogou.errors import BadValue, FeedError
from daogou.feeds.codec.fields import check_identifier, check_text
from daogou.feeds.codec.money import currency_code, from_major
from daogou.feeds.codec.products import language_code, web_link
from daogou.feeds.codec.questions import is_question_column, questions_from_text
from daogou.feeds.codec.times import parse_time
from daogou.feeds.lines import text_lines
from daogou.feeds.rows import RowError, shown
from daogou.types import Availability, Money, Product, QuestionAnswer

_AVAILABILITY: Final[Mapping[str, Availability]] = {
    "in_stock": "IN_STOCK",
    "out_of_stock": "OUT_OF_STOCK",
    "preorder": "PREORDER",
    "backorder": "BACKORDER",
}
COLUMNS: Final = frozenset(
    {
        "id",
        "title",
        "description",
        "link",
        "image_link",
        "additional_image_link",
        "availability",
        "price",
        "sale_price",
        "sale_price_effective_date",
        "brand",
        "gtin",
        "product_type",
        "google_product_category",
        "item_group_id",
        "content_language",
        "question_and_answer",
    }
)
"""The columns with a place of their own; every other one becomes an attribute of its name."""

_PRICE: Final = re.compile(r"(?P<number>\S+?)\s*(?P<currency>[A-Za-z]{3})")
_PERIOD: Final = "sale_price_effective_date"


def read_merchant_rows(
    path: Path, detect: Callable[[str], str]
) -> Iterator[tuple[int, Product] | RowError]:
    """The products of a feed with their lines, or what is wrong with a row.

    Raises
    ------
    FeedError
        The file has no header with ``id`` and ``title``.
    """
    header: list[str] | None = None
    for item in text_lines(path):
        if isinstance(item, RowError):
            if header is None:
                raise FeedError(f"{path} has no header that can be read: {item}")
            yield item
        elif header is None:
            header = _header(path, item[1])
        else:
            yield _row(path, header, *item, detect)
    if header is None:
        raise FeedError(f"{path} is empty; expected a header with id and title, then rows.")


def _header(path: Path, text: str) -> list[str]:
    names = [re.sub(r"[\s_]+", "_", name.strip().lower()) for name in _split(text)]
    missing = sorted({"id", "title"} - set(names))
    if missing:
        raise FeedError(
            f"{path} has the columns {', '.join(names)}; {' and '.join(missing)} is missing."
            " Name the columns as Google Merchant does, with tabs between them."
        )
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise FeedError(f"{path} has the column {doubled[0]} twice. Join the two with commas.")
    return names


def _split(text: str) -> list[str]:
    """The fields of a line; a quoted field may hold tabs, but not line feeds."""
    if '"' not in text:
        return text.split("\t")
    return next(csv.reader([text], delimiter="\t"))


def _row(
    path: Path, header: list[str], line: int, text: str, detect: Callable[[str], str]
) -> tuple[int, Product] | RowError:
    try:
        values = _split(text)
    except csv.Error as error:
        values, reason = [], f"The line cannot be split into fields: {error}."
    else:
        reason = f"The line has {len(values)} fields; expected {len(header)}, as in the header."
    if len(values) != len(header):
        remedy = "Check its tabs and quotes; a line feed within a field is not possible."
        return RowError(path.name, line, None, shown(text), reason, remedy)
    row = {name: value.strip() for name, value in zip(header, values, strict=True)}
    try:
        return line, _product({name: value for name, value in row.items() if value}, detect)
    except BadValue as error:
        return RowError.of(path, line, error)


def _product(row: Mapping[str, str], detect: Callable[[str], str]) -> Product:
    for name, value in row.items():
        check_text(value, name)
    identifier = check_identifier(row.get("id"), "id", "Give every product an id of its own.")
    if "title" not in row:
        remedy = "Give every product a title that a shopper can read."
        raise BadValue("title", None, "a text", remedy)
    price, original = _prices(row)
    group = row.get("item_group_id")
    language = row.get("content_language")
    return Product(
        id=identifier,
        title=row["title"],
        language=language_code(language, "content_language") if language else detect(row["title"]),
        description=row.get("description", ""),
        brand=row.get("brand"),
        categories=_categories(row),
        price=price,
        original_price=original,
        availability=_availability(row.get("availability")),
        uri=web_link(row.get("link"), "link"),
        images=_images(row),
        gtin=row.get("gtin"),
        group_id=None
        if group in (None, identifier)
        else check_identifier(group, "item_group_id", "Leave it out where there is no group."),
        attributes=_attributes(row),
        questions=_questions(row),
    )


def _availability(text: str | None) -> Availability:
    if text is None:
        return "IN_STOCK"
    found = _AVAILABILITY.get(text.lower().replace(" ", "_"))
    if found is None:
        expected = f"one of {', '.join(_AVAILABILITY)}"
        raise BadValue("availability", text, expected, "Correct it, or leave it empty.")
    return found


def _prices(row: Mapping[str, str]) -> tuple[Money | None, Money | None]:
    """The price that holds now, and the one that it was reduced from."""
    price, sale = _price(row, "price"), _price(row, "sale_price")
    if price and sale and price.currency != sale.currency:
        remedy = "Give both in one currency."
        raise BadValue("sale_price", row["sale_price"], f"a price in {price.currency}", remedy)
    if sale is None or (_PERIOD in row and not _holds_now(row[_PERIOD])):
        return price, None
    return sale, price


def _price(row: Mapping[str, str], name: str) -> Money | None:
    text = row.get(name)
    if text is None:
        return None
    match = _PRICE.fullmatch(text)
    if not match:
        remedy = 'Write it as in "12.99 USD".'
        raise BadValue(name, text, "a number and a currency of three letters", remedy)
    return from_major(match["number"], currency_code(match["currency"], name), name)


def _holds_now(period: str) -> bool:
    start, slash, end = period.partition("/")
    if not slash:
        remedy = 'Write it as in "2026-11-27T00:00Z/2026-11-30T23:59Z".'
        raise BadValue(_PERIOD, period, "two times with a slash between", remedy)
    return parse_time(start, _PERIOD) <= datetime.now(UTC) <= parse_time(end, _PERIOD)


def _categories(row: Mapping[str, str]) -> tuple[str, ...]:
    path = row.get("product_type") or row.get("google_product_category", "")
    if not path or path.isdigit():  # a number is a key into Google's own taxonomy, not a name
        return ()
    return (" > ".join(part.strip() for part in path.split(">")),)


def _images(row: Mapping[str, str]) -> tuple[str, ...]:
    name = "additional_image_link"
    more = [web_link(link.strip(), name) for link in row.get(name, "").split(",")]
    links = [web_link(row.get("image_link"), "image_link"), *more]
    return tuple(dict.fromkeys(link for link in links if link))


def _questions(row: Mapping[str, str]) -> tuple[QuestionAnswer, ...]:
    named = (item for item in row.items() if is_question_column(item[0]))
    pairs = (pair for name, value in named for pair in questions_from_text(value, name))
    return tuple(dict.fromkeys(pairs))


def _attributes(row: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {
        name: (value,)
        for name, value in row.items()
        if name not in COLUMNS and not is_question_column(name)
    }
    category = row.get("google_product_category")
    if category and (category.isdigit() or "product_type" in row):
        found["google_product_category"] = (category,)
    return found
