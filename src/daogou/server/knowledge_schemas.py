"""The shapes of ``/v1/knowledge``."""

from typing import Any, Final, Literal

from pydantic import Field

from daogou.server.schemas import Wire

ARTICLE_EXAMPLE: Final[dict[str, Any]] = {
    "id": "storing-bread",
    "languageCode": "en",
    "title": "How to keep bread fresh",
    "text": "Bread stays best for two to four days in a bread box.",
    "kind": "storing",
    "categories": ["Bakery > Bread"],
    "uri": "https://shop.example/help/bread",
    "updateTime": "2026-10-01T00:00:00Z",
}


class ExtractOut(Wire):
    """An answer: a piece of a record, letter by letter as it is there."""

    text: str
    language_code: str = Field(description="Of the text; another one than asked for where need be.")
    source: Literal["article", "question", "attribute"]
    id: str = Field(description="Of the article, or of the product whose record answers.")
    title: str = Field(description="Of the article, the question or the product.")
    field: str = Field(examples=["text", "questionsAndAnswers[0].answer", "attributes.size"])
    start: int = Field(description="Where in the field the text begins, in characters.")
    end: int
    uri: str | None = None
    confidence: float


class ArticleOut(Wire):
    """An article in one language."""

    id: str
    language_code: str
    title: str
    text: str = Field(description="Plain text; headings and lists as Markdown writes them.")
    kind: str
    categories: list[str] = Field(default_factory=list)
    brands: list[str] = Field(default_factory=list)
    product_ids: list[str] = Field(default_factory=list)
    uri: str | None = None
    update_time: str | None = None
    link: Literal["product", "category", "brand", "meaning"] | None = Field(
        default=None, description="What ties it to what was asked about."
    )


class PairOut(Wire):
    """A question about the product and its answer, as the merchant gives them."""

    question: str
    answer: str


class KnowledgeAnswer(Wire):
    """What the shop knows."""

    language_code: str = Field(description="The language that was preferred.")
    extract: ExtractOut | None = Field(
        description="The answer to `query`; null where there is none that is sure enough."
    )
    articles: list[ArticleOut]
    questions: list[PairOut] = Field(description="Of the product `productId`.")
    total_size: int = Field(description="How many articles there are, of which these are some.")
