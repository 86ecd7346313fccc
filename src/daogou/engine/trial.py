"""Whether a bundle can be served: its columns fit one another, and a few answers are answers."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Protocol, TypeVar

import numpy as np
import polars as pl

from daogou.bundle import Bundle
from daogou.engine.requests import RecommendRequest, SearchRequest, SearchSlate
from daogou.errors import BundleError, EncoderError, StoreError
from daogou.features import load_items
from daogou.store import Store
from daogou.types import Product, ScoredProduct, Slate

T = TypeVar("T")
PRODUCTS: Final = 5
"""So many products, spread over the shop, are searched for and asked about."""
VISITORS: Final = ("nobody-has-this-id",)
_LOOKED_AT: Final = 1000
_ROWS: Final = 65_536
_BY_ITEM: Final = (
    "popularity_newest",
    "popularity_fast",
    "popularity_slow",
    "repeat_rate",
    "neighbour_items",
    "neighbour_weights",
    "text_vectors",
)
"""Arrays of a row an item."""
_CODES: Final = {"category": "categories", "department": "departments", "brand": "brands"}


class Asked(Protocol):
    """What answers the questions of a trial: the engine, in all that matters here."""

    def search(self, request: SearchRequest, /) -> SearchSlate:
        """Products for a query."""
        ...

    def recommend(self, request: RecommendRequest, /) -> Slate:
        """Products for a visitor."""
        ...


def prepared(work: Callable[[], T], bundle: Bundle) -> T:
    """What ``work`` makes of a bundle; whatever it fails with is one error of ours.

    Raises
    ------
    BundleError
        The work failed, in whichever library.
    EncoderError
        The bundle's text encoder does not exist here.
    StoreError
        The database cannot be asked, which says nothing about the bundle.
    """
    try:
        return work()
    except (BundleError, EncoderError, StoreError):
        raise
    except MemoryError as error:
        raise _refused(bundle, "it does not fit into the memory that is left") from error
    except Exception as error:
        raise _refused(bundle, f"{type(error).__name__}: {str(error)[:300]}") from error
    except BaseException as error:
        # Panics of libraries in Rust are none of Python's exceptions.
        if type(error).__name__ != "PanicException":
            raise
        raise _refused(bundle, f"a library failed: {str(error)[:300]}") from error


def check_columns(bundle: Bundle) -> None:
    """Compare the parts of a bundle with one another: rows, types, codes, numbers.

    Raises
    ------
    BundleError
        Two parts are not of one training.
    """
    try:
        fault = next(_faults(bundle), None)
    except (KeyError, TypeError, ValueError, pl.exceptions.PolarsError) as error:
        fault = f"{type(error).__name__}: {str(error)[:300]}"
    if fault:
        raise _refused(bundle, fault)


def _faults(bundle: Bundle) -> Iterator[str]:
    items, words, model = bundle.frame("items"), bundle.json("vocabulary"), bundle.json("model")
    rows = items.height
    if items["product_id"].dtype != pl.String or items["product_id"].null_count():
        yield "items.parquet has products without an id"
    elif items["product_id"].n_unique() != rows:
        yield "items.parquet has a product twice"
    for column, vocabulary in _CODES.items():
        codes = items[column]
        if rows and not (codes.dtype.is_integer() and 0 <= codes.min() <= codes.max()):  # type: ignore[operator]
            yield f"{column} in items.parquet is no column of codes"
        elif rows and int(codes.max()) >= len(words[vocabulary]):  # type: ignore[arg-type]
            yield f"{column} in items.parquet has codes beyond the words of vocabulary.json"
    heads: Sequence[str] = model["heads"]
    for name in (*_BY_ITEM, *(("item_vectors",) if heads else ())):
        array = bundle.array(name)
        if len(array) != rows:
            yield f"{name}.npy has {len(array)} rows, items.parquet {rows}"
        elif array.dtype.kind == "f" and not _finite(array):
            yield f"{name}.npy has numbers that are not finite"
    near = np.asarray(bundle.array("neighbour_items"))
    if near.size and not (near.dtype.kind == "i" and -1 <= near.min() <= near.max() < rows):
        yield "neighbour_items.npy has items that there are not"
    for name, width in (("text_vectors", "text_width"), ("item_vectors", "width")):
        if width in model and (heads or name == "text_vectors"):
            shape = bundle.array(name).shape
            if shape[1:] != (model[width],):
                yield f"{name}.npy has the shape {shape}, the model is {model[width]} wide"
    load_items(bundle)


def _finite(array: np.ndarray[Any, Any]) -> bool:
    starts = range(0, len(array), _ROWS)
    return all(bool(np.isfinite(array[start : start + _ROWS]).all()) for start in starts)


def try_out(engine: Asked, store: Store, bundle: Bundle) -> None:
    """Ask an engine a few searches and recommendations that it has to be able to answer.

    Raises
    ------
    BundleError
        An answer is empty, names a product that there is not, or has a score that is no number.
    """
    check_columns(bundle)
    offered = [product for product in _some(store) if product.availability != "OUT_OF_STOCK"]
    for product in offered:
        asked = f"a search for {product.title[:80]!r}"
        request = SearchRequest(
            product.title, language=product.language, spelling="SUGGESTION_ONLY"
        )
        found = engine.search(request).slate.items
        _expect(bundle, store, asked, found, filled=bool(product.title.strip()))
    for placement, ids in (("home", ()), *(("similar", (p.id,)) for p in offered[:2])):
        for visitor in (None, *VISITORS):
            listed = RecommendRequest(placement, visitor, product_ids=ids)  # type: ignore[arg-type]
            asked, answer = f"recommendations for {placement}", engine.recommend(listed).items
            _expect(bundle, store, asked, answer, filled=placement == "home" and bool(offered))


def _some(store: Store) -> list[Product]:
    """A few products, from all over the first part of the shop."""
    first = list(itertools.islice(store.iter_products(), _LOOKED_AT))
    return first[:: max(1, len(first) // PRODUCTS)][:PRODUCTS]


def _expect(
    bundle: Bundle, store: Store, asked: str, found: Sequence[ScoredProduct], *, filled: bool
) -> None:
    if filled and not found:
        raise _refused(bundle, f"{asked} finds nothing")
    if not all(np.isfinite(item.score) for item in found):
        raise _refused(bundle, f"{asked} gives scores that are no numbers")
    unknown = {item.product.id for item in found} - set(
        store.products([i.product.id for i in found])
    )
    if unknown:
        raise _refused(bundle, f"{asked} names {min(unknown)!r}, which the shop does not have")


def _refused(bundle: Bundle, why: str) -> BundleError:
    return BundleError(
        f"Bundle {bundle.id} cannot be served: {why}. Train again with `daogou train`; until then"
        " the bundle before it can serve."
    )
