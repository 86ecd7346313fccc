"""Vectors by row: the bundle's, and those of products that came or changed later."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from daogou.features.items import Float32, Int32


@dataclass(frozen=True, slots=True)
class Vectors:
    """An overlay over an array that may lie on the disk.

    Attributes
    ----------
    base
        [V, D], float16 or float32.
    newer
        Row to vector, float32 [D]; it hides the base's.
    """

    base: Float32
    newer: Mapping[int, Float32] = field(default_factory=dict)

    def take(self, rows: Int32) -> Float32:
        """Vectors of ``rows`` [K], float32 [K, D]; zeros where there is none."""
        taken = np.zeros((len(rows), self.base.shape[1]), np.float32)
        known = rows < len(self.base)
        taken[known] = self.base[rows[known]]
        if self.newer:
            for n, row in enumerate(rows.tolist()):
                if row in self.newer:
                    taken[n] = self.newer[row]
        return taken

    def changed(self, rows: Int32, vectors: Float32) -> "Vectors":
        """The same with ``vectors`` [N, D] for ``rows`` [N]; this one stays as it is."""
        new = dict(zip(rows.tolist(), vectors.astype(np.float32), strict=True))
        return Vectors(self.base, {**self.newer, **new})
