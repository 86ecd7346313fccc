"""Image vectors in few dimensions, fitted on a shop's own pictures."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from daogou.encoders.base import Float32, unit
from daogou.errors import EncoderError

DIMS: Final = 128
CHUNK: Final = 8192
"""Rows that are widened to double precision at a time."""

Vectors = npt.NDArray[np.float16] | Float32


@dataclass(frozen=True, slots=True)
class ImageReduction:
    """Principal components of a shop's image vectors.

    A row of zeros, which is a product without a picture, counts in nothing and stays zero.

    Attributes
    ----------
    mean
        float32 [I].
    components
        Orthonormal rows, largest variance first, float32 [D, I]; rows past the rank of
        the pictures that were seen are zero.
    """

    mean: Float32
    components: Float32

    @classmethod
    def fit(cls, vectors: Vectors, dims: int = DIMS) -> "ImageReduction":
        """Find the components of ``vectors`` [N, I], the same for the same rows.

        Their signs, which are free, make the largest entry of each positive
        (as ``svd_flip`` of scikit-learn).

        Raises
        ------
        EncoderError
            More dimensions are asked for than there are.
        """
        width = vectors.shape[1]
        if not 0 < dims <= width:
            raise EncoderError(f"Found {dims} dimensions asked for; expected 1 to {width}.")
        count, total = 0, np.zeros(width)
        for rows in _seen(vectors):
            count, total = count + len(rows), total + rows.sum(axis=0)
        mean = total / max(count, 1)
        scatter = np.zeros((width, width))
        for rows in _seen(vectors):
            scatter += (rows - mean).T @ (rows - mean)
        variances, directions = np.linalg.eigh(scatter)  # in ascending order
        components = directions[:, ::-1].T[:dims]  # [D, I]
        largest = np.abs(components).argmax(axis=1)
        components = components * np.sign(components[np.arange(dims), largest])[:, None]
        # What rounding leaves of a direction without variance is noise.
        rank = variances[::-1][:dims] > 1e-9 * max(variances[-1], 1e-9)
        return cls(mean.astype(np.float32), (components * rank[:, None]).astype(np.float32))

    def apply(self, vectors: Vectors) -> Float32:
        """Reduce ``vectors`` [N, I] to unit rows, float32 [N, D].

        Raises
        ------
        EncoderError
            The vectors are of another width than those that were fitted.
        """
        if vectors.shape[1] != len(self.mean):
            raise EncoderError(
                f"Found image vectors {vectors.shape[1]} wide, expected {len(self.mean)}: they are"
                " of another encoder than the bundle's. Run `daogou train`."
            )
        reduced = np.zeros((len(vectors), len(self.components)), np.float32)
        for start in range(0, len(vectors), CHUNK):
            rows = vectors[start : start + CHUNK].astype(np.float32)
            there = rows.any(axis=1)
            reduced[start : start + CHUNK][there] = (rows[there] - self.mean) @ self.components.T
        return unit(reduced)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """``mean`` float32 [I], ``components`` float32 [D, I]."""
        return {"mean": self.mean, "components": self.components}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> "ImageReduction":
        """The inverse of :meth:`to_arrays`."""
        return cls(
            np.asarray(arrays["mean"], np.float32), np.asarray(arrays["components"], np.float32)
        )


def _seen(vectors: Vectors) -> Iterator[npt.NDArray[np.float64]]:
    """The rows that are not zero, a chunk at a time."""
    for start in range(0, len(vectors), CHUNK):
        rows = vectors[start : start + CHUNK]
        yield rows[rows.any(axis=1)].astype(np.float64)
