"""What articles have to do with a product or a category."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from daogou.knowledge.extracts import Link
from daogou.types import Article, Product

SEPARATOR = " > "
PRODUCT = 1000
"""Closer than any category can be."""


@dataclass(frozen=True, slots=True)
class About:
    """What a question or a page is about; everything may be empty.

    ``categories`` are paths in any language.
    """

    product_id: str | None = None
    categories: tuple[str, ...] = ()
    brand: str | None = None

    @classmethod
    def of(cls, product: Product | None, categories: Sequence[str] = ()) -> "About":
        """The product and its categories in all its languages, and ``categories``."""
        if product is None:
            return cls(categories=tuple(categories))
        paths = [*categories, *product.categories]
        for local in product.localized.values():
            paths += local.categories
        return cls(product.id, tuple(dict.fromkeys(paths)), product.brand)


class Ties:
    """Which articles name what, by their numbers."""

    def __init__(self, articles: Sequence[Article]) -> None:
        self._named: dict[tuple[Link, str], list[int]] = {}
        private = []
        for number, article in enumerate(articles):
            for key in _names(article):
                self._named.setdefault(key, []).append(number)
            if article.kind == "question" and article.product_ids:
                private.append(number)
        self.private = tuple(private)
        """Questions about some products, which are no answers where another one is meant."""

    def of(self, about: About) -> dict[int, tuple[Link, int]]:
        """The articles that are tied to something, and how closely; a greater number is closer.

        Of categories the deeper is the closer: what is about rice in particular comes
        before what is about all groceries.
        """
        found: dict[int, tuple[Link, int]] = {}
        if about.brand:
            for number in self._named.get(("brand", about.brand), ()):
                found[number] = ("brand", 0)
        for path in about.categories:
            levels = path.split(SEPARATOR)
            for depth in range(1, len(levels) + 1):
                named = self._named.get(("category", SEPARATOR.join(levels[:depth])), ())
                for number in named:
                    known = found.get(number)
                    if known is None or known[1] < depth:
                        found[number] = ("category", depth)
        if about.product_id is not None:
            for number in self._named.get(("product", about.product_id), ()):
                found[number] = ("product", PRODUCT)
        return found


def _names(article: Article) -> Iterator[tuple[Link, str]]:
    for product_id in article.product_ids:
        yield "product", product_id
    for path in article.categories:
        yield "category", path
    for brand in article.brands:
        yield "brand", brand
