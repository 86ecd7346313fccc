"""Articles as JSON, and the fields that Markdown files share with it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from daogou.config import nearest
from daogou.errors import BadValue
from daogou.feeds.codec.fields import Fields
from daogou.feeds.codec.products import english, language_code, web_link
from daogou.feeds.codec.times import format_time, parse_time
from daogou.types import ARTICLE_KINDS, Article, ArticleKind

FIELDS: Final = frozenset(
    {
        "id",
        "languageCode",
        "title",
        "text",
        "kind",
        "categories",
        "brands",
        "productIds",
        "uri",
        "updateTime",
    }
)
MAX_TITLE: Final = 300
MAX_ARTICLE: Final = 100_000
"""Characters; a longer text is a book, and better found when it is split."""


def article_from_json(data: Any, *, detect: Callable[[str], str] = english) -> Article:
    """The article that a JSON object describes.

    Parameters
    ----------
    detect
        Tells the language of a title where ``languageCode`` does not.

    Raises
    ------
    BadValue
        The first field that cannot be used.
    """
    fields = Fields(data)
    fields.only(FIELDS)
    identifier = fields.identifier("id", "Give every article an id; its translations share it.")
    title = fields.required("title", "Give every article a title, such as the question it answers.")
    text = fields.required("text", "An article without a text answers nothing; write one.").strip()
    _check_length(fields.at("title"), title, MAX_TITLE)
    _check_length(fields.at("text"), text, MAX_ARTICLE)
    language = fields.text("languageCode")
    products = fields.texts("productIds")
    updated = fields.raw("updateTime")
    return Article(
        id=identifier,
        title=title.strip(),
        text=text,
        language=language_code(language, fields.at("languageCode")) if language else detect(title),
        kind=read_kind(fields.text("kind"), fields.at("kind")),
        categories=fields.texts("categories"),
        brands=fields.texts("brands"),
        product_ids=products,
        uri=web_link(fields.text("uri"), fields.at("uri")),
        updated=None if updated is None else read_day(updated, fields.at("updateTime")),
    )


def article_to_json(article: Article) -> dict[str, Any]:
    """What :func:`article_from_json` reads, without the fields that are empty."""
    found: Mapping[str, Any] = {
        "id": article.id,
        "languageCode": article.language,
        "title": article.title,
        "text": article.text,
        "kind": article.kind,
        "categories": list(article.categories),
        "brands": list(article.brands),
        "productIds": list(article.product_ids),
        "uri": article.uri,
        "updateTime": format_time(article.updated) if article.updated else None,
    }
    return {key: value for key, value in found.items() if value not in (None, [])}


def read_kind(text: str | None, field: str) -> ArticleKind:
    """The kind of an article; an introduction where none is said.

    Raises
    ------
    BadValue
        There is no such kind.
    """
    if not text:
        return "introduction"
    for kind in ARTICLE_KINDS:
        if text.strip().lower() == kind:
            return kind
    hint = f"{nearest(text.lower(), ARTICLE_KINDS)} Correct it, or leave it out.".strip()
    raise BadValue(field, text, f"one of {', '.join(ARTICLE_KINDS)}", hint)


def read_day(value: object, field: str) -> datetime:
    """A time with its zone, or a day alone, which is taken in UTC.

    Raises
    ------
    BadValue
        It is neither.
    """
    if isinstance(value, str) and len(value.strip()) == len("2026-10-01"):
        try:
            return datetime.fromisoformat(value.strip()).replace(tzinfo=UTC)
        except ValueError as error:
            remedy = 'Write it as in "2026-10-01" or "2026-10-01T18:30:00Z".'
            raise BadValue(field, value, "a day", remedy) from error
    return parse_time(value, field)


def _check_length(field: str, text: str, limit: int) -> None:
    if len(text) > limit:
        raise BadValue(field, text, f"at most {limit:,} characters", "Split it into several.")
