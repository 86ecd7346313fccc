"""What was understood of a text: constraints, a wish for an order, and the words that are left."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from daogou.text import clean

Strength = Literal["must", "must-not", "prefer"]
Span = tuple[int, int]

SURE: Final = 0.75
"""From this confidence on a constraint is meant to filter; below it, to boost."""
TEXT: Final = "text"
"""The field of words that no gazetteer holds."""
_EDGES: Final = " ,，.。;；:：、!！?？|/-–—的"


@dataclass(frozen=True, slots=True)
class Constraint:
    """One thing that the shopper said of the product.

    Attributes
    ----------
    field
        A field of the filter language (``"price"``, ``"brand"``, ``"attributes.color"``), or
        :data:`TEXT` for words that are no value of the catalogue ("not silk" where nothing is).
    strength
        Whether the product must have it, must not have it, or had better have it.
    values
        Of a text field: as the catalogue holds them, any of them will do. Of :data:`TEXT`:
        the words in the languages known.
    low, high
        Of a number field: inclusive bounds, None where open; money in minor units.
    start, end
        Code-point offsets into the text as typed.
    confidence
        0 to 1; see :data:`SURE`.
    around
        The bounds are a tolerance about a number that was named.
    relative
        "cheaper than X": the words of X. Its price is the bound, and is for the caller to find.
    """

    field: str
    strength: Strength
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    start: int = 0
    end: int = 0
    confidence: float = 1.0
    around: bool = False
    relative: str | None = None

    @property
    def id(self) -> str:
        """Stable for one text: ``"price:10-19"``."""
        return f"{self.field}:{self.start}-{self.end}"


@dataclass(frozen=True, slots=True)
class Sort:
    """The order asked for, as ``orderBy`` takes it: ``"price"``, ``"rating desc"``."""

    order_by: str
    start: int
    end: int
    confidence: float

    @property
    def id(self) -> str:
        """Stable for one text: ``"sort:0-8"``."""
        return f"sort:{self.start}-{self.end}"


@dataclass(frozen=True, slots=True)
class Understanding:
    """A text, understood.

    Attributes
    ----------
    text
        As typed.
    language
        ``"en"`` or ``"zh"``.
    constraints
        In the order of the text.
    sort
        The order asked for, None where none is.
    wanted
        What to look for by words: the text without budgets, orders, negations and fillers.
        Brands, categories and attribute values stay in.
    residual
        ``wanted`` without what a positive constraint explains.
    set_aside
        Spans of the text that are in neither.
    """

    text: str
    language: str
    constraints: tuple[Constraint, ...]
    sort: Sort | None
    wanted: str
    residual: str
    set_aside: tuple[Span, ...] = ()

    def without(self, ids: Collection[str]) -> "Understanding":
        """The reading with some chips taken away.

        The words of a brand or an attribute value are plain words again; those of a budget,
        an order or a negation are dropped. Unknown ids change nothing.
        """
        kept = tuple(c for c in self.constraints if c.id not in ids)
        sort = self.sort if self.sort and self.sort.id not in ids else None
        residual = left_over(self.text, (*self.set_aside, *((c.start, c.end) for c in kept)))
        return replace(self, constraints=kept, sort=sort, residual=residual)


@dataclass(frozen=True, slots=True)
class Entry:
    """A value that products of the catalogue have.

    ``names`` are what it is called in all languages (of a category path, its leaf);
    ``count`` is the number of products that have it.
    """

    field: str
    value: str
    names: tuple[str, ...]
    count: int


def left_over(text: str, spans: Iterable[Span]) -> str:
    """The text without ``spans``: what remains is joined by blanks, loose punctuation dropped."""
    pieces: list[str] = []
    at = 0
    spans = sorted(spans)
    if not spans:
        return clean(text)
    for start, end in spans:
        if start > at:
            pieces.append(text[at:start])
        at = max(at, end)
    pieces.append(text[at:])
    return " ".join(filter(None, (clean(piece).strip(_EDGES) for piece in pieces)))
