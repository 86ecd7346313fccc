"""The lexical index of a bundle on disk: tantivy for the words, arrays for the titles."""

import zlib
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson
import tantivy

from daogou.errors import BundleError
from daogou.features.items import Float32, Int32
from daogou.retrieval.documents import SCRIPTS, FieldWeights, LexicalDocument, Script, script_of

FORMAT: Final = 1
HEAP: Final = 64_000_000
"""Bytes that the writer gathers before it writes a segment."""


def build_lexical(
    path: Path, documents: Iterable[LexicalDocument], weights: FieldWeights | None = None
) -> None:
    """Write an index into the folder ``path``, which is made.

    Parameters
    ----------
    documents
        In rising order of their items; items may be left out.

    Raises
    ------
    ValueError
        The items do not rise.
    """
    weights = weights or FieldWeights()
    (path / "words").mkdir(parents=True)
    index = tantivy.Index(_schema(), path=str(path / "words"))
    # One thread keeps the documents in order, so that equal builds give equal answers.
    writer = index.writer(heap_size=HEAP, num_threads=1)
    titles, ends = array("I"), array("Q")
    totals = dict.fromkeys(SCRIPTS, 0)
    for document in documents:
        if document.item < len(ends):
            raise ValueError(f"Item {document.item} comes after {len(ends) - 1}; expected a rise.")
        ends.extend([len(titles)] * (document.item - len(ends)))  # items left out
        titles.extend(title_codes(document.title))
        ends.append(len(titles))
        entry = tantivy.Document()
        entry.add_unsigned("item", document.item)
        for script, frequencies in document.frequencies(weights).items():
            totals[script] += frequencies.total()
            entry.add_text(script, " ".join(frequencies.elements()))
        writer.add_document(entry)
    writer.commit()
    writer.wait_merging_threads()
    np.save(path / "title_codes.npy", np.array(titles, np.uint32))
    np.save(path / "title_ends.npy", np.array(ends, np.int64))
    meta = {"format": FORMAT, "tokens": totals, "weights": asdict(weights)}
    (path / "lexical.json").write_bytes(orjson.dumps(meta))
    for lock in (path / "words").glob("*.lock"):
        lock.unlink()


def title_codes(tokens: Iterable[str]) -> list[int]:
    """Distinct tokens as 32-bit codes, rising."""
    return sorted({zlib.crc32(token.encode()) for token in tokens})


class LexicalIndex:
    """An index that was built by :func:`build_lexical`; it never changes.

    Raises
    ------
    BundleError
        There is no index, or one of another version.
    """

    def __init__(self, path: Path) -> None:
        try:
            meta = orjson.loads((path / "lexical.json").read_bytes())
            if meta["format"] != FORMAT:
                raise BundleError(
                    f"{path} is of format {meta['format']}, expected {FORMAT}."
                    " Run `daogou train` to build it anew."
                )
            self.weights = FieldWeights(**meta["weights"])
            totals = {script: int(meta["tokens"][script]) for script in SCRIPTS}
            index = tantivy.Index.open(str(path / "words"))
            self._titles: npt.NDArray[np.uint32] = np.load(path / "title_codes.npy", mmap_mode="r")
            self._ends: npt.NDArray[np.int64] = np.load(path / "title_ends.npy", mmap_mode="r")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BundleError(
                f"{path} holds no readable lexical index ({error})."
                " Run `daogou train` to build it anew."
            ) from error
        index.config_reader("manual")  # nothing will change, so nothing needs watching
        self.schema = index.schema
        self._searcher = index.searcher()
        self.n_documents: int = self._searcher.num_docs
        self.n_items = len(self._ends)
        self.mean_length: dict[Script, float] = {
            script: tokens / max(self.n_documents, 1) for script, tokens in totals.items()
        }

    def document_frequency(self, token: str) -> int:
        """In how many documents the token stands."""
        return self._searcher.doc_freq(script_of(token), token)

    def count(self, query: tantivy.Query) -> int:
        """How many documents match."""
        found: Any = self._searcher.search(query, limit=1, count=True)  # its stub has no count
        return int(found.count)

    def search(self, query: tantivy.Query, limit: int) -> tuple[Int32, Float32]:
        """Items and scores of the best ``limit`` matches, best first."""
        limit = min(limit, self.n_documents)
        if limit < 1:
            return np.zeros(0, np.int32), np.zeros(0, np.float32)
        hits = self._searcher.search(query, limit=limit, count=False).hits
        found = self._searcher.fast_field_values("item", list(map(itemgetter(1), hits)))
        items = np.fromiter(found, np.int32, len(hits))
        scores = np.fromiter(map(itemgetter(0), hits), np.float32, len(hits))
        if self._searcher.num_segments > 1:  # of one, equal scores come in the order of items
            order = np.lexsort((items, -scores))
            items, scores = items[order], scores[order]
        return items, scores

    def vocabulary(self, script: Script) -> list[tuple[str, int]]:
        """Every token of a script with the number of documents that have it."""
        words: list[tuple[str, int]] = self._searcher.terms_with_prefix(script, "")
        return words

    def titles_with(self, items: Int32, tokens: Sequence[str]) -> npt.NDArray[np.int64]:
        """How many of the distinct ``tokens`` stand in each item's title, int64 [K]."""
        inside = items < self.n_items
        rows = np.where(inside, items, 0).astype(np.int64)
        if not (len(tokens) and self.n_items and len(rows)):
            return np.zeros(len(items), np.int64)
        starts = np.where(rows > 0, self._ends[rows - 1], 0)
        lengths = np.where(inside, self._ends[rows] - starts, 0)
        owner = np.repeat(np.arange(len(items)), lengths)
        offset = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        found = np.isin(self._titles[starts[owner] + offset], np.array(title_codes(tokens)))
        return np.bincount(owner[found], minlength=len(items))


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("item", fast=True)
    for script in SCRIPTS:
        builder.add_text_field(script, tokenizer_name="whitespace", index_option="freq")
    return builder.build()
