"""Vectors on disk, by the content that they stand for."""

import contextlib
import hashlib
import logging
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

Float16 = npt.NDArray[np.float16]
_log = logging.getLogger(__name__)


def content_key(*parts: str) -> bytes:
    """16 bytes that stand for these strings in this order."""
    lengths = ",".join(str(len(p)) for p in parts)
    joined = "".join((lengths, "\n", *parts))
    return hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class VectorCache:
    """One SQLite file of half-precision vectors, shared by threads and processes.

    A crash loses at most the batch that was being written. Trouble with the file
    (damaged, locked, disk full) is logged and costs time, never an answer: a
    damaged file is removed, and what was in it is encoded again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, keys: Sequence[bytes], dim: int) -> dict[bytes, Float16]:
        """The vectors that are there, [D] each; rows of another width are left out."""
        found: dict[bytes, Float16] = {}

        def select(connection: sqlite3.Connection) -> None:
            for start in range(0, len(keys), 500):
                some = keys[start : start + 500]
                marks = ",".join("?" * len(some))
                rows = connection.execute(
                    f"SELECT key, vector FROM vectors WHERE key IN ({marks})",  # noqa: S608
                    some,
                )
                for key, blob in rows:
                    if len(blob) == 2 * dim:
                        found[key] = np.frombuffer(blob, np.float16)

        self._run(select)
        return {key: vector for key, vector in found.items() if np.isfinite(vector).all()}

    def write(self, keys: Sequence[bytes], vectors: Float16) -> None:
        """Save vectors [N, D] in one transaction; a key that is there already is replaced."""
        rows = [(key, vector.tobytes()) for key, vector in zip(keys, vectors, strict=True)]

        def insert(connection: sqlite3.Connection) -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
            connection.execute("COMMIT")

        self._run(insert)

    def _run(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Work on a connection of its own, which no other thread or forked process shares."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.closing(
                sqlite3.connect(self.path, timeout=30, isolation_level=None)
            ) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=NORMAL")
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS vectors"
                    " (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"
                )
                work(connection)
        except (sqlite3.OperationalError, OSError) as error:
            _log.warning("The vector cache %s is not used: %s", self.path, error)
        except sqlite3.DatabaseError as error:
            _log.warning("The vector cache %s is damaged (%s); starting anew.", self.path, error)
            for suffix in ("", "-wal", "-shm"):
                Path(f"{self.path}{suffix}").unlink(missing_ok=True)
