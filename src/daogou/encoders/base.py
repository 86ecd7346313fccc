"""What a text encoder is, and the settings that choose one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Kind = Literal["query", "passage"]
Progress = Callable[[int, int], None]
"""Called with the texts done and the texts in all."""

MAX_CHARACTERS: Final = 512
"""What follows in a text is not read: an encoder's cost grows with the length, and a
shop's texts say first what the product is."""


class TextEncoder(Protocol):
    """Texts to vectors.

    Vectors can be compared with each other where ``name`` and ``version`` are the same.
    """

    @property
    def name(self) -> str:
        """The encoder's name."""
        ...

    @property
    def version(self) -> str:
        """Version of the weights."""
        ...

    @property
    def dim(self) -> int:
        """Width D of a vector."""
        ...

    @property
    def blocks(self) -> tuple[int, ...]:
        """Widths of the encoders that a vector was joined from, adding up to ``dim``."""
        ...

    def encode(
        self, texts: Sequence[str], kind: Kind = "passage", *, progress: Progress | None = None
    ) -> Float32:
        """Vectors of unit length, float32 [N, D]; any string is accepted, the empty one too."""
        ...


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """The ``[encoder]`` table of daogou.toml.

    Attributes
    ----------
    model
        ``"fast"``: a universal sentence encoder, 512 wide, some 1,000 titles a second.
        ``"joined"``: that one and a multilingual E5, 896 wide, better and some ten
        times slower; on Linux x86-64 only, with the extra ``joined``.
    batch_size
        How many texts are encoded, and saved, at a time.
    cache
        Keep the vectors on disk, so that a text or a picture is encoded once in its life.
    images
        ``"auto"``: products' first pictures are encoded too, where ``image_folder`` is set or
        ``daogou import images`` has fetched some, and the extra ``images`` is installed; some 25
        ms a new picture on one core. ``"off"``: never.
    image_folder
        Where the pictures are, from where the command runs. ``images`` of a product are paths in
        it; of a web address that was not fetched the file name counts. No file outside of it is
        read. Empty is none.
    image_timeout
        Seconds that ``daogou import images`` waits for a server that says nothing; a picture
        that has not come whole after three times that is given up.
    image_private
        Whether it may fetch from addresses of a private network (10.0.0.5, localhost). Off:
        a product with such an address cannot make this machine ask its neighbours.
    """

    model: Literal["fast", "joined"] = "fast"
    batch_size: int = 256
    cache: bool = True
    images: Literal["off", "auto"] = "auto"
    image_folder: str = ""
    image_timeout: float = 10.0
    image_private: bool = False

    def __post_init__(self) -> None:
        if not self.image_timeout > 0:
            raise ValueError(
                f"image_timeout is {self.image_timeout}; expected seconds, such as 10."
            )
        if self.batch_size < 1:
            raise ValueError(f"batch_size is {self.batch_size}; expected 1 or more, such as 256.")


def unit(vectors: Float32) -> Float32:
    """The vectors scaled to length 1; a zero vector stays zero."""
    norms = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
    scaled: Float32 = (vectors / np.maximum(norms, 1e-12)[:, None]).astype(np.float32)
    return scaled
