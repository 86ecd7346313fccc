"""The words of the shop: what its values are called, for whoever reads a query."""

import threading
from collections.abc import Iterator
from typing import Final

import numpy as np

from daogou.engine.catalogue import ATTRIBUTE, Catalogue
from daogou.engine.columns import PATH_SEPARATOR
from daogou.merchandising import Applied
from daogou.retrieval import LexicalRetriever
from daogou.text import tokenize
from daogou.understanding import Entry, Gazetteer, Parser, Understanding, split_words

LANGUAGES: Final = ("en", "zh")
LONGEST: Final = 60
"""A value with more characters is a sentence, which nobody types into a search box."""


def entries(catalogue: Catalogue) -> Iterator[Entry]:
    """Brands, category levels and attribute values of the products in the shop.

    Categories are called by their last level, in every language that has a name for it.
    """
    for field, postings in catalogue.texts.items():
        if field not in ("brand", "categories", "tags") and not field.startswith(ATTRIBUTE):
            continue
        vocabulary, counts = postings.vocabulary, postings.counts(catalogue.live)
        for code in np.flatnonzero(counts).tolist():
            names = [vocabulary.words[code], *(vocabulary.label(code, la) for la in LANGUAGES)]
            if field == "categories":
                names = [name.rsplit(PATH_SEPARATOR, 1)[-1] for name in names]
            told = tuple(dict.fromkeys(name for name in names if len(name) <= LONGEST))
            if told:
                yield Entry(field, vocabulary.words[code], told, int(counts[code]))


def unknown_words(
    lexical: LexicalRetriever, understood: Understanding, merchant: Applied
) -> tuple[str, ...]:
    """Words that are looked for, that no product has and the merchant has no others for."""
    known = {token for expansion in merchant.expansions for token in expansion.phrase}
    words = dict.fromkeys(split_words(understood.residual))
    return tuple(
        word
        for word in words
        if (tokens := tokenize(word))
        and not known >= set(tokens)
        and not len(lexical.having(tokens))
    )


class Reader:
    """The parser over the newest catalogue; safe to share between threads.

    It is built anew once the catalogue has values that it did not have, in a thread,
    while requests go on with the one before.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._lock = threading.Lock()
        self._size = catalogue.n_values
        self._parser = _parser(catalogue)

    def newest(self, catalogue: Catalogue) -> Parser:
        """The parser; at the first call after new values, still the one without them."""
        size = catalogue.n_values
        if size != self._size:
            with self._lock:
                if size != self._size:
                    self._size = size
                    threading.Thread(target=self._rebuild, args=(catalogue,), daemon=True).start()
        return self._parser

    def _rebuild(self, catalogue: Catalogue) -> None:
        self._parser = _parser(catalogue)


def _parser(catalogue: Catalogue) -> Parser:
    products = int(np.count_nonzero(catalogue.live))
    return Parser(Gazetteer.from_entries(entries(catalogue), products), catalogue.currency)
