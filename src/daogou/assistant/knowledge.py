"""What the assistant asks for articles and answers; who answers is plugged in."""

from dataclasses import dataclass
from typing import Protocol

from daogou.knowledge.extracts import Source


class Extract(Protocol):
    """An answer, word for word out of a source."""

    @property
    def id(self) -> str:
        """Of the source."""

    @property
    def title(self) -> str:
        """Of the source, in the shopper's language."""

    @property
    def text(self) -> str:
        """The extract itself."""

    @property
    def source(self) -> Source:
        """What it is of; the id is that of a product but for an article's."""


@dataclass(frozen=True, slots=True)
class Passage:
    """The plainest extract."""

    id: str
    title: str
    text: str
    source: Source = "article"


class Knowledge(Protocol):
    """Answers questions from what the merchant wrote, or not at all."""

    def answer(self, question: str, language: str, product_id: str | None) -> Extract | None:
        """An extract that answers the question, None where nothing does.

        Parameters
        ----------
        language
            ``"en"`` or ``"zh"``.
        product_id
            The product that the question is about, None where it is about none.
        """


class NoKnowledge:
    """Of a shop that has written nothing."""

    def answer(self, question: str, language: str, product_id: str | None) -> Passage | None:
        """Nothing."""
        del question, language, product_id
        return None
