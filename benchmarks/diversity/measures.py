"""What a page of products is worth, beside its NDCG. Undefined is NaN."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from daogou.evaluation import ndcg_at
from daogou.features.items import Float32, Int32

SIZE: Final = 10
"""Places of a page."""
MEASURES: Final[Mapping[str, str]] = {
    "ndcg@10": "NDCG@10",
    "ild": "intra-list distance",
    "categories": "category coverage",
    "popularity": "mean popularity",
    "fresh": "share of fresh products",
}
"""Of one page, and what they are called."""


def intra_list_distance(vectors: Float32) -> float:
    """Mean of ``1 - cosine`` over all pairs of a page; NaN for fewer than two products.

    C. Ziegler et al., "Improving recommendation lists through topic diversification", WWW
    2005, as a distance. ``vectors`` are [N, D] with unit rows.
    """
    n = len(vectors)
    if n < 2:
        return float("nan")
    exact = vectors.astype(np.float64)
    total = exact.sum(axis=0)
    # The cosines of all ordered pairs add up to |sum of vectors|^2, each with itself included.
    return float(1 - (total @ total - (exact**2).sum()) / (n * (n - 1)))


def category_coverage(categories: Int32) -> float:
    """Distinct categories as a share of the places; a product without one is a kind of its own."""
    if not len(categories):
        return float("nan")
    known = categories[categories > 0]
    return (len(np.unique(known)) + len(categories) - len(known)) / len(categories)


@dataclass(frozen=True, slots=True)
class Shelf:
    """What pages are measured by, for V products, as of the split.

    Attributes
    ----------
    texts
        Unit text vectors, [V, T]: the arrangers do not look at these but at the item tower's.
    categories
        Codes, int32 [V].
    sold
        Decayed purchases, float32 [V].
    fresh
        Which count as fresh, bool [V].
    """

    texts: Float32
    categories: Int32
    sold: Float32
    fresh: npt.NDArray[np.bool_]

    def measure(self, page: Int32, basket: Int32) -> list[float]:
        """The :data:`MEASURES` of a page, products in order, of what a basket then had.

        Popularity is the mean of the page's decayed purchases ("average recommendation
        popularity", H. Abdollahpouri, R. Burke and B. Mobasher, FLAIRS 2019).
        """
        nothing = float("nan")
        return [
            ndcg_at(page, basket, SIZE),
            intra_list_distance(self.texts[page]),
            category_coverage(self.categories[page]),
            float(self.sold[page].mean()) if len(page) else nothing,
            float(self.fresh[page].mean()) if len(page) else nothing,
        ]
