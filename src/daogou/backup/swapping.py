"""Putting a restored home in the place of the old one, so that a kill at any moment is harmless.

What is new is laid ready in ``.restore-new`` below the home folder, which may be a mounted volume
and cannot be renamed itself. Up to the file ``READY`` in it nothing has happened; from then on
:func:`finish` leads to the new home, however often it is begun.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import orjson

from daogou.bundle.pointer import sync_folder

NEW: Final = ".restore-new"
OLD: Final = ".restore-old"
_READY: Final = "READY"
_NOT_OURS: Final = frozenset({NEW, OLD, "lost+found"})


def is_halfway(home: Path) -> bool:
    """Whether a restore was stopped while it put things in their places."""
    return (home / NEW / _READY).exists()


def is_empty(home: Path) -> bool:
    """Whether there is nothing in a home folder, or no folder."""
    return not home.exists() or {entry.name for entry in home.iterdir()} <= _NOT_OURS


def begin(home: Path) -> Path:
    """The empty folder in which the new home is laid ready."""
    home.mkdir(parents=True, exist_ok=True)
    for name in (NEW, OLD):
        shutil.rmtree(home / name, ignore_errors=True)
    (home / NEW).mkdir(mode=0o700)
    return home / NEW


def give_up(home: Path) -> None:
    """Leave nothing of what was laid ready."""
    if not is_halfway(home):
        shutil.rmtree(home / NEW, ignore_errors=True)


def commit(home: Path, replaced: Sequence[str]) -> None:
    """Decide for the new home, and put it in place.

    Parameters
    ----------
    replaced
        Names directly in the home that the new one has in place of the old one, or has no more.
    """
    new = home / NEW
    for root, _, _ in os.walk(new, topdown=False):
        sync_folder(Path(root))
    put = [name for name in replaced if (new / name).exists()]
    plan = orjson.dumps({"put": put, "drop": [n for n in replaced if n not in put]})
    with (new / f"{_READY}.part").open("wb") as file:
        file.write(plan)
        file.flush()
        os.fsync(file.fileno())
    os.rename(new / f"{_READY}.part", new / _READY)
    sync_folder(new)
    finish(home)


def finish(home: Path) -> None:
    """Do what is left of putting a new home in place."""
    new, old = home / NEW, home / OLD
    plan = orjson.loads((new / _READY).read_bytes())
    old.mkdir(mode=0o700, exist_ok=True)
    for name in plan["drop"]:
        _move(home / name, old / name)
    for name in plan["put"]:
        if (new / name).exists():  # otherwise it is in its place already
            _move(home / name, old / name)
            os.rename(new / name, home / name)
    sync_folder(home)
    (new / _READY).unlink()
    sync_folder(new)
    shutil.rmtree(new)
    shutil.rmtree(old)


def _move(source: Path, target: Path) -> None:
    if source.exists():
        os.rename(source, target)
