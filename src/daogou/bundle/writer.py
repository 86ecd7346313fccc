"""Writing a bundle: in a temporary folder, which is renamed when all is in it."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import orjson
import polars as pl

from daogou.bundle.bundle import Bundle
from daogou.bundle.manifest import NAME, Manifest, check_name, file_entry
from daogou.bundle.unfinished import Unfinished
from daogou.errors import BundleError

_TIME: Final = "%Y%m%dT%H%M%S%f"


def created_at(bundle_id: str) -> float:
    """When a bundle was written, in seconds since 1970, by its id; 0 where that does not say."""
    try:
        return datetime.strptime(bundle_id.split("-")[-2], _TIME).replace(tzinfo=UTC).timestamp()
    except (IndexError, ValueError):
        return 0.0


class BundleWriter:
    """Collects the files of a new bundle; a context manager.

    ``with BundleWriter(root) as writer: ...; bundle = writer.commit(metrics, config)``.
    Left without :meth:`commit`, by an exception or not, nothing stays behind. A
    committed bundle is complete and on the disk, but not active until
    :func:`~daogou.bundle.activate`.

    Parameters
    ----------
    root
        The folder of all bundles; made if it is not there.
    kind
        What the bundle holds; the first part of its id.
    """

    def __init__(self, root: Path, kind: str = "model") -> None:
        self.root = root
        self.kind = check_name(kind)
        self._unfinished = Unfinished(root)

    def __enter__(self) -> Self:
        self._unfinished.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._unfinished.__exit__(kind, error, trace)

    @property
    def dir(self) -> Path:
        """The temporary folder.

        Raises
        ------
        BundleError
            The writer is not open, or the bundle is committed.
        """
        return self._unfinished.folder

    def add_array(self, name: str, array: np.ndarray[Any, Any]) -> None:
        """Add an array of numbers or fixed-width text.

        Raises
        ------
        BundleError
            It holds Python objects, which only pickle could store.
        """
        if array.dtype.hasobject:
            raise BundleError(
                f"Array '{name}' holds Python objects; add those with add_json or add_frame."
            )
        np.save(self.path(f"{name}.npy"), array, allow_pickle=False)

    def add_json(self, name: str, value: Any) -> None:
        """Add an object that JSON can hold; numpy numbers and arrays are written as numbers.

        Raises
        ------
        BundleError
            It holds something else.
        """
        options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
        try:
            blob = orjson.dumps(value, option=options)
        except TypeError as error:
            raise BundleError(f"'{name}' cannot be written as JSON: {error}.") from error
        self.path(f"{name}.json").write_bytes(blob)

    def add_frame(self, name: str, frame: pl.DataFrame) -> None:
        """Add a frame, as Parquet."""
        frame.write_parquet(self.path(f"{name}.parquet"))

    def path(self, name: str) -> Path:
        """Where to write a file or a folder that is none of those (ONNX, tantivy)."""
        path = self.dir / check_name(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def commit(self, metrics: Mapping[str, Any], config: Mapping[str, Any]) -> Bundle:
        """Write the manifest, put everything on the disk, and give the bundle its name.

        Raises
        ------
        BundleError
            The metrics or the configuration are not JSON, or the folder cannot be renamed.
        """
        folder = self.dir
        paths = {
            path.relative_to(folder).as_posix(): path
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path != folder / NAME
        }
        files = {check_name(name): file_entry(path) for name, path in paths.items()}
        created = datetime.now(UTC)
        content = hashlib.sha256("".join(f"{n}{e.sha256}" for n, e in files.items()).encode())
        manifest = Manifest(
            id=f"{self.kind}-{created:{_TIME}}-{content.hexdigest()[:8]}",
            kind=self.kind,
            created=created.isoformat(),
            daogou_version=version("daogou"),
            files=files,
            metrics=dict(metrics),
            config=dict(config),
        )
        try:
            (folder / NAME).write_bytes(manifest.to_json())
        except TypeError as error:
            raise BundleError(f"Metrics or config cannot be written as JSON: {error}.") from error
        return Bundle(self._unfinished.finish(manifest.id), manifest)
