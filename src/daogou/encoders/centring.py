"""Vectors of several languages brought together."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from daogou.encoders.base import Float32, unit
from daogou.errors import EncoderError

PRIOR: Final = 5
"""A language's mean counts as if so many texts of no direction had been seen too: the mean
of a handful of texts is mostly their content, and must not be taken from them."""
ALL: Final = ""
"""The key of the mean over all languages, which serves a language that was not seen."""


@dataclass(frozen=True, slots=True)
class Centring:
    """The mean vector of each language, to be taken from queries and items alike.

    A multilingual encoder puts a part of the language itself into its vectors, and
    then prefers items in the query's own language. Without that part a Chinese
    query finds English titles. Vectors joined from several encoders are centred
    and scaled to equal length encoder by encoder.

    Attributes
    ----------
    means
        Language to mean vector, float32 [D] each; :data:`ALL` is the mean of all texts.
    blocks
        Widths of the joined encoders, adding up to D.
    """

    means: Mapping[str, Float32] = field(default_factory=dict)
    blocks: tuple[int, ...] = ()

    @classmethod
    def fit(
        cls, vectors: Float32, languages: Sequence[str], blocks: tuple[int, ...] | None = None
    ) -> "Centring":
        """Take the means of ``vectors`` [N, D], one language each; ``blocks`` as the encoder has.

        Raises
        ------
        EncoderError
            There are not as many languages as vectors, or the blocks are not as wide.
        """
        blocks = blocks or (vectors.shape[1],)
        if len(languages) != len(vectors) or sum(blocks) != vectors.shape[1]:
            raise EncoderError(
                f"Found vectors {vectors.shape}, {len(languages)} languages and blocks {blocks};"
                " expected a language for each vector and blocks that add up to the width."
            )
        labels = np.array(languages, dtype=np.str_)
        overall = vectors.sum(axis=0, dtype=np.float64) / (len(vectors) + PRIOR)
        means = {ALL: overall.astype(np.float32)}
        for language in np.unique(labels):
            mine = vectors[labels == language]
            total = mine.sum(axis=0, dtype=np.float64) + PRIOR * overall
            means[str(language)] = (total / (len(mine) + PRIOR)).astype(np.float32)
        return cls(means, blocks)

    def apply(self, vectors: Float32, languages: Sequence[str]) -> Float32:
        """Centre ``vectors`` [N, D] and scale them to unit length, float32 [N, D].

        Raises
        ------
        EncoderError
            The vectors are of another width than those that were fitted.
        """
        if vectors.shape[1] != sum(self.blocks):
            raise EncoderError(
                f"Found vectors {vectors.shape[1]} wide, expected {sum(self.blocks)}: they are of"
                " another encoder than the bundle's. Run `daogou train` after changing [encoder]."
            )
        if not len(vectors):
            return np.zeros_like(vectors)
        mean = np.stack([self.means.get(language, self.means[ALL]) for language in languages])
        centred = vectors - mean
        edges = np.cumsum((0, *self.blocks))
        parts = [unit(centred[:, a:b]) for a, b in itertools.pairwise(edges)]
        return np.concatenate(parts, axis=1) / np.float32(np.sqrt(len(parts)))

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """``languages`` str [G], ``means`` float32 [G, D], ``blocks`` int32."""
        languages = sorted(self.means)
        return {
            "languages": np.array(languages, dtype=np.str_),
            "means": np.stack([self.means[language] for language in languages]),
            "blocks": np.array(self.blocks, np.int32),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> "Centring":
        """The inverse of :meth:`to_arrays`."""
        means = np.asarray(arrays["means"], np.float32)
        names = [str(language) for language in arrays["languages"]]
        blocks = tuple(int(width) for width in arrays["blocks"])
        return cls(dict(zip(names, means, strict=True)), blocks)
