"""All articles at one revision of the store, indexed by language."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from daogou.encoders import Centring
from daogou.encoders.base import Float32
from daogou.knowledge.index import PassageIndex
from daogou.knowledge.vectors import KnowledgeVectors
from daogou.types import Article


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Immutable.

    Attributes
    ----------
    indexes
        By language.
    editions
        By article and language.
    centring
        None while there are no vectors.
    """

    revision: int
    indexes: Mapping[str, PassageIndex] = field(default_factory=dict)
    editions: Mapping[str, Mapping[str, Article]] = field(default_factory=dict)
    centring: Centring | None = None

    @classmethod
    def of(cls, revision: int, articles: Sequence[Article]) -> "Snapshot":
        """Index articles by their words."""
        editions: dict[str, dict[str, Article]] = {}
        for article in articles:
            editions.setdefault(article.id, {})[article.language] = article
        return cls(revision, by_language(articles), editions)

    def texts(self) -> list[str]:
        """Everything that is to be encoded; a text may occur several times."""
        return [text for index in self.indexes.values() for text in index.all_texts()]

    def with_meaning(self, vectors: KnowledgeVectors) -> "Snapshot":
        """The same with vectors; all its texts are known to ``vectors``."""
        texts = self.texts()
        languages = [
            language for language, index in self.indexes.items() for _ in index.all_texts()
        ]
        centring = vectors.centring(texts, languages)
        indexes = {
            language: with_vectors(index, vectors.of(index.all_texts()), language, centring)
            for language, index in self.indexes.items()
        }
        return replace(self, indexes=indexes, centring=centring)


def by_language(articles: Iterable[Article]) -> dict[str, PassageIndex]:
    """An index for each language that occurs."""
    grouped: dict[str, list[Article]] = {}
    for article in articles:
        grouped.setdefault(article.language, []).append(article)
    return {language: PassageIndex(group) for language, group in grouped.items()}


def with_vectors(
    index: PassageIndex, raw: Float32, language: str, centring: Centring
) -> PassageIndex:
    """The index with the centred vectors of its :meth:`~PassageIndex.all_texts`."""
    centred = centring.apply(raw, [language] * len(raw))
    return index.with_vectors(centred[: len(index.places)], centred[len(index.places) :])
