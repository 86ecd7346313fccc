"""What a bundle brings to serving: the trained model, its vectors and its retrievers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from daogou.bundle import Bundle
from daogou.encoders import (
    Centring,
    EncoderConfig,
    PictureFolders,
    TextEncoder,
    VectorCache,
    open_text_encoder,
)
from daogou.encoders.product_images import CACHE_FILE
from daogou.engine.vectors import Vectors
from daogou.errors import EncoderError
from daogou.features import GROUPS, Codes, History, ItemStats, ItemTable, load_items
from daogou.features.attributes import attribute_codes, attribute_values
from daogou.features.items import UNKNOWN, Float32, Int32
from daogou.ranking import JointRanker
from daogou.ranking.joint import IntentHead
from daogou.retrieval import DenseRetriever, LexicalRetriever
from daogou.retrieval.documents import item_texts
from daogou.retrieval.item_vectors import encode_products
from daogou.retrieval.photos import PhotoIndex, narrowed
from daogou.retrieval.sources import Panel, load_panel
from daogou.text import detect_language
from daogou.types import Product


@dataclass(frozen=True, slots=True)
class Model:
    """A bundle at work, with what it was taught of later products. Immutable.

    Attributes
    ----------
    id
        Of the bundle.
    revision
        Of the store's catalogue when the bundle was built.
    ranker
        None where the shop's behaviour could not teach one yet.
    categories
        The intent head; None where the catalogue could not teach one.
    text
        Centred text vectors.
    items
        What the item tower made of the products; None without a ranker.
    meaning, taste
        Retrievers over those two.
    photos
        The products' pictures; None where the bundle has none.
    panel
        The fitted sources.
    attribute_words
        The attribute values that the item tower knows.
    known_words
        Sizes of the vocabularies that the item tower was trained with: categories,
        departments, brands.
    """

    id: str
    revision: int
    ranker: JointRanker | None
    categories: IntentHead | None
    encoder: TextEncoder
    centring: Centring
    text: Vectors
    items: Vectors | None
    meaning: DenseRetriever
    taste: DenseRetriever | None
    photos: PhotoIndex | None
    panel: Panel
    attribute_words: Codes
    known_words: tuple[int, int, int]

    @property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """The ranker's wide features by what they are about."""
        told = {"sources": self.panel.columns} if self.panel.columns else {}
        return {**GROUPS, **told}

    @property
    def heads(self) -> tuple[str, ...]:
        """The heads of the ranker that were taught."""
        return self.ranker.heads if self.ranker else ()

    def query_vector(self, query: str) -> Float32:
        """The centred text vector of a query, [T]."""
        vectors = self.encoder.encode([query], "query")
        return np.asarray(self.centring.apply(vectors, [detect_language(query)])[0], np.float32)

    def intent(self, query: Float32) -> Float32:
        """How likely a query is about each category, float32 [C] in the codes of the bundle.

        ``query`` is its text vector, [T]. Code 0 stands for none and has probability 0;
        categories that came after the training are not among the C. Without an intent head
        all are equally likely.
        """
        if self.categories is not None:
            return self.categories(query)
        size = self.known_words[0]
        even = np.full(size, 1 / max(size - 1, 1), np.float32)
        even[UNKNOWN] = 0
        return even

    def context(self, history: History, now: float, query: Float32 | None) -> Float32:
        """The context tower's vector of a visitor, [D]; of width 0 without a ranker."""
        if self.ranker is None or self.items is None:
            return np.zeros(0, np.float32)
        newest = self._newest(self.ranker, history)
        vectors = self.items.take(newest.items)
        numbered = replace(newest, items=np.arange(len(newest), dtype=np.int32))
        return self.ranker.context(numbered, now, vectors, query)

    def contexts(self, histories: Sequence[History], now: float) -> Float32:
        """:meth:`context` of several histories at one moment, [B, D]; of width 0 without a ranker.

        At least one history.
        """
        if self.ranker is None or self.items is None:
            return np.zeros((len(histories), 0), np.float32)
        length = self.ranker.length
        newest = [
            history.slice(max(len(history) - length, 0), len(history)) for history in histories
        ]
        rows = np.unique(np.concatenate([history.items for history in newest]))
        numbered = [
            replace(history, items=np.searchsorted(rows, history.items).astype(np.int32))
            for history in newest
        ]
        return self.ranker.contexts(numbered, now, self.items.take(rows))

    @staticmethod
    def _newest(ranker: JointRanker, history: History) -> History:
        """The lines that the context tower reads."""
        return history.slice(max(len(history) - ranker.length, 0), len(history))

    def with_products(
        self, products: Sequence[Product], table: ItemTable, n_trained: int
    ) -> "Model":
        """The same, knowing the texts and pictures of ``products``; what is new it also places.

        Parameters
        ----------
        table
            Has all of them.
        n_trained
            Rows from this one on came after the training.
        """
        rows = np.array([table.index[product.id] for product in products], np.int32)
        texts = [item_texts(product) for product in products]
        text, _ = encode_products(self.encoder, texts, self.centring)
        known = replace(
            self, text=self.text.changed(rows, text), meaning=self.meaning.changed(rows, text)
        )
        seen = None
        if known.photos is not None and known.photos.reads_products:
            seen = known.photos.seen(products)
            known = replace(known, photos=known.photos.changed(rows, seen))
        attributes = attribute_codes([attribute_values(p) for p in products], self.attribute_words)
        return known.with_arrivals(rows, text, attributes, table, n_trained, seen)

    def with_arrivals(
        self,
        rows: Int32,
        text: Float32,
        attributes: Int32,
        table: ItemTable,
        n_trained: int,
        seen: Float32 | None = None,
    ) -> "Model":
        """The same, with the item tower's vectors of those ``rows`` that it was not trained on.

        ``seen`` are the vectors of their pictures, [N, D]; None where pictures are not read.
        """
        if self.ranker is None or self.items is None or self.taste is None:
            return self
        later = rows >= n_trained
        new = rows[later]
        category, department, brand = (
            np.where(codes[new] < size, codes[new], UNKNOWN)
            for codes, size in zip(
                (table.category, table.department, table.brand), self.known_words, strict=True
            )
        )
        placed = self.ranker.place(
            text[later],
            category,
            department,
            brand,
            attributes[later],
            table.price[new],
            None if seen is None else narrowed(seen[later], self.ranker.image_width),
        )
        return replace(
            self, items=self.items.changed(new, placed), taste=self.taste.changed(new, placed)
        )


@dataclass(frozen=True, slots=True)
class Loaded:
    """What :func:`load_model` opened."""

    model: Model
    lexical: LexicalRetriever
    table: ItemTable
    stats: ItemStats


def load_model(
    bundle: Bundle,
    encoder: TextEncoder | None,
    cache_dir: Path | None,
    folders: PictureFolders | None = None,
) -> Loaded:
    """Open what training wrote.

    Parameters
    ----------
    encoder
        The one that it was trained with, if that is open already.
    cache_dir
        Of the encoder that is opened otherwise; None keeps nothing on the disk.
    folders
        Where pictures of products are that came after the training; None reads none.

    Raises
    ------
    BundleError
        A part is missing or of another version.
    EncoderError
        The encoder that it was trained with does not exist here, or is not the one given.
    """
    table, stats = load_items(bundle)
    described = bundle.json("model")
    text = bundle.array("text_vectors")
    ranker, items, taste = None, None, None
    if described["heads"]:
        ranker = JointRanker(bundle)
        vectors = np.asarray(bundle.array("item_vectors"))
        items = Vectors(vectors)
        taste = DenseRetriever.open(bundle.path("dense_items"), "taste", "user_vector", vectors)
    names = ("languages", "means", "blocks")
    cache = VectorCache(cache_dir / CACHE_FILE) if cache_dir else None
    model = Model(
        id=bundle.id,
        revision=int(described["revision"]),
        ranker=ranker,
        categories=IntentHead(bundle) if described.get("intent") else None,
        encoder=_checked(described["encoder"], encoder, cache_dir),
        centring=Centring.from_arrays({n: bundle.array(f"centring_{n}") for n in names}),
        text=Vectors(text),
        items=items,
        meaning=DenseRetriever.open(bundle.path("dense_text"), "meaning", "query_vector", text),
        taste=taste,
        photos=PhotoIndex.open(bundle, folders or PictureFolders(), cache),
        panel=load_panel(bundle) if described["heads"] else Panel(),
        attribute_words=Codes(bundle.json("attributes")),
        known_words=(len(table.categories), len(table.departments), len(table.brands)),
    )
    return Loaded(model, LexicalRetriever.open(bundle.path("lexical")), table, stats)


def _checked(
    trained_with: Mapping[str, str], encoder: TextEncoder | None, cache_dir: Path | None
) -> TextEncoder:
    if encoder is None:
        joined = "+" in trained_with["name"]
        encoder = open_text_encoder(EncoderConfig(model="joined" if joined else "fast"), cache_dir)
    here = {"name": encoder.name, "version": encoder.version}
    if here != dict(trained_with):
        raise EncoderError(
            f"The bundle was trained with the text encoder {trained_with['name']}"
            f" {trained_with['version']}, and {here['name']} {here['version']} is here."
            " Their vectors cannot be compared: train again with `daogou train`."
        )
    return encoder
