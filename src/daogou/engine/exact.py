"""Products that are named: by their SKU, their barcode, or their whole title."""

import re
from typing import Final

import numpy as np

from daogou.engine.matching import Bools
from daogou.engine.scoring import Query
from daogou.engine.view import View
from daogou.features.items import Int32
from daogou.store import Store

_CODE: Final = re.compile(r"[\w.:/#-]{2,64}")


def named(view: View, store: Store, text: str, query: Query, allowed: Bools) -> Int32:
    """Rows whose code or title ``text`` is, among ``allowed`` (bool [V]): int32 [N].

    Those with the code come first; of equal titles the most popular does.
    """
    text = text.strip()
    rows: list[int] = []
    if _CODE.fullmatch(text):
        index = view.catalogue.table.index
        rows = [index[i] for i in store.products_with_code(text) if i in index]
    called = view.catalogue.titles.called(text)
    if len(called):
        # Two titles may share a hash; their words tell them apart.
        called = called[view.lexical.title_match(called, query.tokens) >= 1]
        popular = view.stats.popularity_fast[called]
        rows += called[np.lexsort((called, -popular))].tolist()
    found = np.array(list(dict.fromkeys(rows)), np.int32)
    return found[allowed[found]]


def first(rows: Int32, leading: Int32) -> Int32:
    """``leading`` before the rest of ``rows``."""
    return np.concatenate([leading, rows[~np.isin(rows, leading)]])
