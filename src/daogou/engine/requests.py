"""What can be asked of the engine, and what a search answers."""

from dataclasses import dataclass
from typing import Final, Literal

from daogou.errors import InvalidInput
from daogou.types import Slate

Placement = Literal["home", "similar", "goes-with", "buy-again", "cart"]
PLACEMENTS: Final[tuple[Placement, ...]] = ("home", "similar", "goes-with", "buy-again", "cart")
ANCHORED: Final[tuple[Placement, ...]] = ("similar", "goes-with")
"""Placements that are about products, which have to be named."""
MAX_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One page of search results.

    An empty ``query`` browses: everything that passes ``filter``, in the
    visitor's order. ``order_by`` is empty for relevance, or a field with an
    optional direction (``"price"``, ``"price desc"``). ``facet_keys`` are
    counted over the whole match set. With ``personalize`` off, two visitors get
    the same page.

    Raises
    ------
    InvalidInput
        ``page_size`` is not 1 to 1000, or ``offset`` is negative.
    """

    query: str
    visitor_id: str | None = None
    page_size: int = 24
    offset: int = 0
    filter: str = ""
    order_by: str = ""
    facet_keys: tuple[str, ...] = ()
    language: str = "en"
    personalize: bool = True

    def __post_init__(self) -> None:
        _check_page_size(self.page_size)
        if self.offset < 0:
            raise InvalidInput(
                f"offset is {self.offset}; expected 0 for the first page, or more.", field="offset"
            )


@dataclass(frozen=True, slots=True)
class RecommendRequest:
    """A list of recommended products.

    ``product_ids`` are the products that the page is about: the viewed one for
    ``similar`` and ``goes-with``, the cart for ``cart``. ``diversity`` trades
    score for variety, 0 to 1.

    Raises
    ------
    InvalidInput
        The placement is not known or needs products, ``page_size`` is not 1 to 1000, or
        ``diversity`` is not 0 to 1.
    """

    placement: Placement
    visitor_id: str | None = None
    product_ids: tuple[str, ...] = ()
    page_size: int = 12
    filter: str = ""
    language: str = "en"
    diversity: float = 0.2

    def __post_init__(self) -> None:
        _check_page_size(self.page_size)
        if self.placement not in PLACEMENTS:
            raise InvalidInput(
                f"placement is '{self.placement}'; expected one of {', '.join(PLACEMENTS)}.",
                field="placement",
            )
        if self.placement in ANCHORED and not self.product_ids:
            raise InvalidInput(
                f"'{self.placement}' is about a product, and none was named; send its id in"
                " userEvent.productDetails.",
                field="userEvent.productDetails",
            )
        if not 0 <= self.diversity <= 1:
            raise InvalidInput(
                f"diversity is {self.diversity}; expected 0 (by score) to 1 (by variety).",
                field="params.diversity",
            )


def _check_page_size(page_size: int) -> None:
    if not 1 <= page_size <= MAX_PAGE:
        raise InvalidInput(f"pageSize is {page_size}; expected 1 to {MAX_PAGE}.", field="pageSize")


@dataclass(frozen=True, slots=True)
class SearchSlate:
    """A page of search results.

    ``corrected_query`` is the query that was searched instead, None where it was
    searched as it stands.
    """

    slate: Slate
    corrected_query: str | None = None
