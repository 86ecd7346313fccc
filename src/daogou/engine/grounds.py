"""Compute the reasons for showing a product from the records of the moment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from daogou.engine.catalogue import Catalogue
from daogou.engine.columns import PATH_SEPARATOR
from daogou.engine.drops import Drop
from daogou.engine.vectors import Vectors
from daogou.features import History, ItemStats
from daogou.features.history import PURCHASE, VIEW
from daogou.features.items import UNKNOWN, Float32, Int32
from daogou.features.stats import DAY
from daogou.retrieval.photos import PhotoIndex
from daogou.text import tokenize
from daogou.types import Product, Reason

MAX_REASONS: Final = 3
"""A product is given its strongest reasons, so many at most."""
RECENT_LINES: Final = 60
"""Among so many of the newest purchased lines something that goes with a product is sought."""
VIEWED_DAYS: Final = 14
NEW_DAYS: Final = 30
CATEGORY_RANKS: Final = 10
SHOP_RANKS: Final = 100

ORDER: Final[Mapping[str, tuple[str, ...]]] = {
    "search": (
        "looks_like_photo",
        "matches",
        "bought_before",
        "discount",
        "viewed_recently",
        "popular_in",
        "new",
    ),
    "home": (
        "bought_before",
        "because_you_bought",
        "goes_with",
        "your_category",
        "viewed_recently",
        "discount",
        "popular_in",
        "popular",
        "new",
    ),
    "similar": ("similar_to", "discount", "bought_before", "popular_in", "new"),
    "goes-with": ("goes_with", "discount", "bought_before", "popular_in", "popular", "new"),
    "buy-again": ("bought_before", "discount", "popular_in"),
    "cart": ("goes_with", "bought_before", "discount", "your_category", "popular_in", "popular"),
}
"""Which reasons a placement gives, strongest first."""


class Shown(NamedTuple):
    """A product on the page, and its row in the catalogue."""

    row: int
    product: Product


class Tie(NamedTuple):
    """The row that another one goes with, and how much, by the bundle's neighbours."""

    row: int
    weight: float


@dataclass(frozen=True, slots=True)
class CategoryRows:
    """All rows, category by category.

    ``rows`` is int32 [V]; those of code c are between ``starts[c]`` and ``starts[c + 1]``.
    """

    rows: Int32
    starts: NDArray[np.int64]

    @classmethod
    def from_codes(cls, codes: Int32) -> "CategoryRows":
        """Group rows by their codes, int32 [V]."""
        starts = np.concatenate([[0], np.cumsum(np.bincount(codes))])
        return cls(np.argsort(codes, kind="stable").astype(np.int32), starts)

    def of(self, code: int) -> Int32:
        """The rows of one category."""
        return self.rows[self.starts[code] : self.starts[code + 1]]


@dataclass(frozen=True)
class Grounds:
    """All that reasons are computed from, for one visitor at one moment.

    Attributes
    ----------
    history
        The visitor's; empty where it is not known or not to be used.
    now
        Seconds since 1970.
    anchors
        Rows that the page is about, int32 [A]: the viewed product, or the cart.
    query_tokens
        Of the query, in its order.
    stats
        Counters of the bundle, for V rows; None without a bundle.
    by_category
        The rows of each category.
    bestsellers
        The live rows with the highest counters, more than :data:`SHOP_RANKS` of them where
        there are, int32.
    vectors
        Unit text vectors; None without a bundle.
    photos, photo
        The products' pictures, and what the shopper's photo looks like, [D]; None without.
    carried
        By row, what the visitor bought that the ranker was seen to place it for: see
        :func:`daogou.engine.counterfactual.verified`.
    """

    catalogue: Catalogue
    history: History
    now: float
    language: str
    anchors: Int32
    query_tokens: Sequence[str]
    stats: ItemStats | None
    by_category: CategoryRows
    bestsellers: Int32
    vectors: Vectors | None
    photos: PhotoIndex | None = None
    photo: Float32 | None = None
    carried: Mapping[int, Drop] = field(default_factory=dict)

    def reasons(self, shown: Shown, placement: str) -> tuple[Reason, ...]:
        """The strongest reasons for one product; none where nothing can be said of it."""
        found = []
        for code in ORDER[placement]:
            reason = _COMPUTED[code](self, shown)
            if reason is not None:
                found.append(reason)
                if len(found) == MAX_REASONS:
                    break
        return tuple(found)

    def bought_before(self, shown: Shown) -> Reason | None:
        """How many purchases had the product, and how long ago the last one was."""
        mine = self._bought.items == shown.row
        if not mine.any():
            return None
        times = len(np.unique(self._bought.events[mine]))
        last = float(self._bought.times[mine].max())
        return Reason("bought_before", {"times": times, "days_ago": self._days_since(last)})

    def viewed_recently(self, shown: Shown) -> Reason | None:
        """That the product was looked at within the last 14 days."""
        seen = self._viewed.times[self._viewed.items == shown.row]
        if not len(seen):
            return None
        days = self._days_since(float(seen.max()))
        return Reason("viewed_recently", {"days_ago": days}) if days < VIEWED_DAYS else None

    def because_you_bought(self, shown: Shown) -> Reason | None:
        """What the product's place was seen to rest on: without it the ranker says less."""
        drop = self.carried.get(shown.row)
        if drop is None:
            return None
        values = {"score": round(drop.score, 4), "without": round(drop.without, 4)}
        return Reason("because_you_bought", values, (self.catalogue.table.ids[drop.removed],))

    def goes_with(self, shown: Shown) -> Reason | None:
        """The strongest tie, by the bundle's neighbours, to what the page or the visitor has."""
        tie = self.tie(shown.row)
        if tie is None or shown.row in self.carried:  # of which that has been said already
            return None
        return Reason("goes_with", {"weight": tie.weight}, (self.catalogue.table.ids[tie.row],))

    def tie(self, row: int) -> Tie | None:
        """What of the page, or else of what was bought, a row goes with most; never itself."""
        others, items, weights = self._ties
        line, place = np.nonzero(items == row)
        found = others[line] != row
        line, place = line[found], place[found]
        if not len(line):
            return None
        best = int(np.argmax(weights[line, place]))
        return Tie(int(others[line[best]]), float(weights[line[best], place[best]]))

    def untold_ties(self, rows: Int32) -> dict[int, int]:
        """By row, what it goes with most, for those of ``rows`` that were never bought.

        Of what was bought before that is said first, and it is said of the product itself.
        """
        own = set(self._bought.items.tolist())
        ties = {row: self.tie(row) for row in rows.tolist() if row not in own}
        return {row: tie.row for row, tie in ties.items() if tie is not None}

    @cached_property
    def _bought(self) -> History:
        return self.history.of_kind(PURCHASE)

    @cached_property
    def _viewed(self) -> History:
        return self.history.of_kind(VIEW)

    @cached_property
    def _ties(self) -> tuple[Int32, Int32, Float32]:
        """Live products [L] of the page or else of the history, what goes with them, how much."""
        others = self.anchors if len(self.anchors) else self._bought.items[-RECENT_LINES:]
        if self.stats is None:
            none = np.zeros((0, 0))
            return others[:0], none.astype(np.int32), none.astype(np.float32)
        near = self.stats.neighbours
        others = others[(others < len(near.items)) & self.catalogue.live[others]]
        return others, near.items[others], near.weights[others]

    def similar_to(self, shown: Shown) -> Reason | None:
        """The anchor whose vector is nearest, with the cosine; it has to be positive."""
        if self.vectors is None or not len(self.anchors):
            return None
        mine = self.vectors.take(np.array([shown.row], np.int32))[0]
        cosines = self.vectors.take(self.anchors) @ mine
        best = int(np.argmax(cosines))
        if cosines[best] <= 0:
            return None
        other = self.catalogue.table.ids[int(self.anchors[best])]
        return Reason("similar_to", {"cosine": round(float(cosines[best]), 4)}, (other,))

    def looks_like_photo(self, shown: Shown) -> Reason | None:
        """How much the product's picture looks like the shopper's photo, as a cosine."""
        if self.photos is None or self.photo is None:
            return None
        cosine = float(self.photos.cosines(self.photo, np.array([shown.row], np.int32))[0])
        return (
            Reason("looks_like_photo", {"cosine": round(min(cosine, 1.0), 4)})
            if cosine > 0
            else None
        )

    def matches(self, shown: Shown) -> Reason | None:
        """Which of the query's words stand in the title, brand or categories."""
        if not self.query_tokens:
            return None
        texts = [shown.product.title, shown.product.brand or "", *shown.product.categories]
        for text in shown.product.localized.values():
            texts += [text.title or "", *text.categories]
        present = frozenset[str]().union(*(_words(text) for text in texts))
        words = [token for token in dict.fromkeys(self.query_tokens) if token in present]
        return Reason("matches", {"words": " ".join(words)}) if words else None

    def discount(self, shown: Shown) -> Reason | None:
        """By how many whole percent the price is below the original one."""
        price, original = shown.product.price, shown.product.original_price
        if price is None or original is None or price.currency != original.currency:
            return None
        if not 0 <= price.amount < original.amount:
            return None
        percent = 100 * (original.amount - price.amount) // original.amount
        values = {"percent": percent, "price": price.amount, "original_price": original.amount}
        return Reason("discount", values) if percent else None

    def your_category(self, shown: Shown) -> Reason | None:
        """In how many purchases the visitor bought from the product's category, from 2 on."""
        table = self.catalogue.table
        code = table.category[shown.row]
        mine = table.category[self._bought.items] == code
        times = len(np.unique(self._bought.events[mine]))
        if code == UNKNOWN or times < 2:
            return None
        return Reason("your_category", {"times": times, "category": self._category(shown.row)})

    def popular_in(self, shown: Shown) -> Reason | None:
        """The rank by recent purchases among the live products of the category, to 10."""
        table = self.catalogue.table
        code = int(table.category[shown.row])
        if code == UNKNOWN:
            return None
        rank = self._rank(shown.row, self.by_category.of(code))
        if rank is None or rank > CATEGORY_RANKS:
            return None
        return Reason("popular_in", {"rank": rank, "category": self._category(shown.row)})

    def popular(self, shown: Shown) -> Reason | None:
        """The rank by recent purchases among all live products, to 100."""
        rank = self._rank(shown.row, self.bestsellers)
        return Reason("popular", {"rank": rank}) if rank and rank <= SHOP_RANKS else None

    def _rank(self, row: int, among: Int32) -> int | None:
        if self.stats is None or self.stats.popularity_slow[row] <= 0:
            return None
        sold = self.stats.popularity_slow[among[self.catalogue.live[among]]]
        return 1 + int(np.count_nonzero(sold > self.stats.popularity_slow[row]))

    def new(self, shown: Shown) -> Reason | None:
        """That the product was published within the last 30 days."""
        if shown.product.published is None:
            return None
        age = self.now - shown.product.published.timestamp()
        if not 0 <= age < NEW_DAYS * DAY:
            return None
        return Reason("new", {"days_ago": int(age // DAY)})

    def _days_since(self, time: float) -> int:
        return int(max(self.now - time, 0.0) // DAY)

    def _category(self, row: int) -> str:
        table = self.catalogue.table
        vocabulary = self.catalogue.texts["categories"].vocabulary
        path = table.categories.words[int(table.category[row])]
        label = vocabulary.label(vocabulary.add(path), self.language)
        return label.rsplit(PATH_SEPARATOR, 1)[-1]


@lru_cache(maxsize=8192)
def _words(text: str) -> frozenset[str]:
    """The tokens of a title or a category; a page's are mostly those of the page before."""
    return frozenset(tokenize(text))


def bestsellers(catalogue: Catalogue, stats: ItemStats) -> Int32:
    """The live rows whose counters are highest, as :class:`Grounds` wants them."""
    sold = np.where(catalogue.live, stats.popularity_slow, -1)
    size = min(SHOP_RANKS + 1, len(sold))
    return (
        np.argpartition(-sold, size - 1)[:size].astype(np.int32) if size else np.zeros(0, np.int32)
    )


_COMPUTED: Final[Mapping[str, Callable[[Grounds, Shown], Reason | None]]] = {
    "bought_before": Grounds.bought_before,
    "viewed_recently": Grounds.viewed_recently,
    "because_you_bought": Grounds.because_you_bought,
    "goes_with": Grounds.goes_with,
    "similar_to": Grounds.similar_to,
    "looks_like_photo": Grounds.looks_like_photo,
    "matches": Grounds.matches,
    "discount": Grounds.discount,
    "your_category": Grounds.your_category,
    "popular_in": Grounds.popular_in,
    "popular": Grounds.popular,
    "new": Grounds.new,
}
