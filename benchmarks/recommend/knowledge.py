"""What a data set tells of its items besides who bought them, as the models take it.

Dimension letters: V items, T size of a text vector, A columns, K tags, Q utterances.
"""

from typing import Final

import numpy as np
import torch

from benchmarks.recommend.dataset import Dataset
from daogou.encoders import Centring, EncoderConfig, TextEncoder, open_text_encoder
from daogou.features.items import UNKNOWN, Float32, Int32
from daogou.models.zoo.base import Side
from daogou.retrieval.documents import item_texts
from daogou.retrieval.item_vectors import encode_products
from daogou.training.queries import CatalogueWords, derive_query
from daogou.training.zoo.gru import Dialogue

LANGUAGE: Final = "en"
UTTERANCES: Final = 10_000


class Texts:
    """The titles of a data set as vectors, float32 [V, T], and what else is said as theirs."""

    def __init__(self, dataset: Dataset) -> None:
        self._encoder: TextEncoder = open_text_encoder(EncoderConfig(), cache_dir=None)
        self._centring: Centring
        told = [item_texts(product) for product in dataset.products]
        self.vectors, self._centring = encode_products(self._encoder, told)

    def of(self, said: list[str]) -> Float32:
        """Vectors of utterances in the language of the titles, float32 [Q, T]."""
        if not said:
            return np.zeros((0, self._encoder.dim), np.float32)
        encoded = self._encoder.encode(said, kind="query")
        return self._centring.apply(encoded, [LANGUAGE] * len(said))


def has_titles(dataset: Dataset) -> bool:
    """Whether there is any text to read."""
    return dataset.has_titles


def kinds(dataset: Dataset) -> Int32:
    """Code of what kind of thing each item is, int32 [V]; 0 is unknown.

    Its category; where the set has none of any item, its brand.
    """
    table = dataset.table
    return table.category if (table.category != UNKNOWN).any() else table.brand


def has_dialogue(dataset: Dataset) -> bool:
    """Whether utterances about kinds of things can be derived."""
    return dataset.has_titles and bool((kinds(dataset) != UNKNOWN).any())


def side_of(dataset: Dataset) -> Side:
    """Category and brand, the set's own attributes, and the titles; as far as there are any."""
    columns = [dataset.table.category, dataset.table.brand]
    columns = [column for column in columns if (column != UNKNOWN).any()]
    stacked = np.array(columns, np.int64).reshape(len(columns), dataset.n_items).T  # [V, A]
    return Side(
        torch.from_numpy(stacked.copy()),
        tags=_tags(dataset),
        text=torch.from_numpy(Texts(dataset).vectors) if dataset.has_titles else None,
    )


def _tags(dataset: Dataset) -> torch.Tensor | None:
    """The attributes, numbered from 1, with zeros behind, int64 [V, K]; None without any."""
    most = max((len(codes) for codes in dataset.attributes), default=0)
    if not most:
        return None
    tags = np.zeros((dataset.n_items, most), np.int64)
    for item, codes in enumerate(dataset.attributes):
        tags[item, : len(codes)] = codes
    _, numbers = np.unique(np.append(tags, 0), return_inverse=True)  # 0 stays 0
    return torch.from_numpy(numbers[:-1].reshape(tags.shape))


def words_of(dataset: Dataset) -> CatalogueWords:
    """The texts that queries are derived from; the sets' categories have no names."""
    brands = dataset.table.brands.words
    return CatalogueWords(
        titles={LANGUAGE: [product.title for product in dataset.products]},
        paths={},
        category=kinds(dataset),
        brands=[brands[code] for code in dataset.table.brand.tolist()],
    )


def queries_for(dataset: Dataset, items: Int32, seed: int) -> list[str]:
    """One query derived from the title of each of ``items``; "" where it has no words."""
    words, rng = words_of(dataset), np.random.default_rng(seed)
    derived = (derive_query(words, item, rng) for item in items.tolist())
    return [query.text if query else "" for query in derived]


def dialogue_of(dataset: Dataset, seed: int) -> Dialogue:
    """Utterances derived from titles, drawn as items were bought, and what they are about."""
    about = kinds(dataset)
    bought = dataset.interactions().item
    bought = bought[about[bought] != UNKNOWN]
    drawn = np.random.default_rng(seed).choice(bought, UTTERANCES if len(bought) else 0)
    said = queries_for(dataset, drawn, seed)
    kept = [n for n, text in enumerate(said) if text]
    return Dialogue(
        item_category=about,
        n_categories=int(about.max(initial=0)) + 1,
        vectors=Texts(dataset).of([said[n] for n in kept]),
        about=about[drawn[kept]].astype(np.int32),
    )
