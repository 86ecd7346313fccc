"""What can be asked of the engine."""

from dataclasses import dataclass
from typing import Final, Literal

Placement = Literal["home", "similar", "goes-with", "buy-again", "cart"]
PLACEMENTS: Final[tuple[Placement, ...]] = ("home", "similar", "goes-with", "buy-again", "cart")


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One page of search results.

    An empty ``query`` browses: everything that passes ``filter``, in the
    visitor's order. ``order_by`` is empty for relevance, or a field with an
    optional direction (``"price"``, ``"price desc"``). ``facet_keys`` are
    counted over the whole match set. With ``personalize`` off, two visitors get
    the same page.
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


@dataclass(frozen=True, slots=True)
class RecommendRequest:
    """A list of recommended products.

    ``product_ids`` are the products that the page is about: the viewed one for
    ``similar`` and ``goes-with``, the cart for ``cart``. ``diversity`` trades
    score for variety, 0 to 1.
    """

    placement: Placement
    visitor_id: str | None = None
    product_ids: tuple[str, ...] = ()
    page_size: int = 12
    filter: str = ""
    language: str = "en"
    diversity: float = 0.2
