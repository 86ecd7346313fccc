"""What the knowledge base hands out."""

from dataclasses import dataclass
from typing import Literal

from daogou.types import Article

Source = Literal["article", "question", "attribute"]
Link = Literal["product", "category", "brand", "meaning"]


@dataclass(frozen=True, slots=True)
class Extract:
    """An answer: a piece of a record, letter by letter as it is there.

    Attributes
    ----------
    text
        Whole sentences of an article or of an answer, or the values of an attribute.
    language
        Of ``text``: the asker's where there is anything in it, else another one.
    source
        ``"article"``, ``"question"`` (a product's own questions and answers) or
        ``"attribute"``.
    id
        Of the article, or of the product whose question or attribute it is.
    title
        Of the article, the question, or the product.
    field
        Where in the record: ``"text"``, ``"questionsAndAnswers[2].answer"``,
        ``"attributes.size"``, ``"brands"``.
    start, end
        The place within that field; of an attribute's first value.
    uri
        Where the article comes from, or the product's page.
    confidence
        0 to 1: how sure it is that this answers the question.
    """

    text: str
    language: str
    source: Source
    id: str
    title: str
    field: str
    start: int
    end: int
    uri: str | None = None
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class RelatedArticle:
    """An article to show beside a product or in a category, and what ties it to that.

    ``link`` is what the article names: the product, its category or one above, its brand; or
    ``"meaning"`` where it names nothing of it. ``score`` is the cosine of their texts, 0 without
    an encoder.
    """

    article: Article
    link: Link
    score: float = 0.0
