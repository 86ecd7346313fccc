"""What is not restored, and that nothing is touched then; and kills at every step."""

import io
import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import orjson
import pytest

from daogou.backup import Archive, back_up, finish, is_halfway, restore, swapping
from daogou.bundle import Bundle
from daogou.errors import BackupError, StoreError
from daogou.store import Store
from tests.backup.conftest import contents, fill, sqlite


@pytest.fixture
def backup(home: Path, shop_url: str, tmp_path: Path) -> Path:
    return back_up(tmp_path / "shop.tar", home, shop_url).path


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The archive with its members changed."""
    with tarfile.open(path) as old:
        members = {}
        for member in old:
            content = old.extractfile(member)
            assert content is not None
            members[member.name] = content.read()
    change(members)
    with tarfile.open(path, "w") as new:
        for name, blob in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(blob)
            new.addfile(info, io.BytesIO(blob))
    return path


def of_manifest(key: str, value: object) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        told = orjson.loads(members["manifest.json"])
        members["manifest.json"] = orjson.dumps({**told, key: value})

    return change


def drop_a_table(members: dict[str, bytes]) -> None:
    name = next(name for name in members if name.startswith("tables/events/"))
    del members[name]


def alter_a_row(members: dict[str, bytes]) -> None:
    name = next(name for name in members if name.startswith("tables/events/"))
    members[name] = members[name][:-1] + bytes([members[name][-1] ^ 1])


def add(name: str) -> Callable[[dict[str, bytes]], None]:
    """A member that the manifest knows, too."""

    def change(members: dict[str, bytes]) -> None:
        members[name] = b"hello"
        told = orjson.loads(members["manifest.json"])
        digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
        told["files"][name] = {"bytes": 5, "sha256": digest}
        members["manifest.json"] = orjson.dumps(told)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop_a_table, "missing, or not in its manifest"),
        (alter_a_row, "SHA-256 differs"),
        (lambda members: members.pop("manifest.json"), "was never finished"),
        (add("../outside"), "cannot be a name"),
        (add("/etc/outside"), "cannot be a name"),
        (add("home/bundles/../../outside"), "cannot be a name"),
        (add("home/.bashrc"), "which no backup has"),
        (add("home/bundles/current"), "which no backup has"),
        (add("elsewhere/x"), "belongs nowhere"),
        (of_manifest("format_version", 2), "has the format 2, this code reads 1"),
        (of_manifest("version", "9999"), "which is newer.*9999.*pip install --upgrade"),
        (of_manifest("tables", {}), "tables .* are not those of version"),
        (of_manifest("tables", []), "manifest cannot be read"),
    ],
)
def test_what_is_not_whole_is_refused_and_nothing_is_touched(
    backup: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], None], message: str
) -> None:
    new = tmp_path / "new"
    new.mkdir()
    fill(sqlite(new))
    (new / "daogou.toml").write_text('[server]\nshop_name = "Before"\n')
    before = contents(sqlite(new))
    with pytest.raises((BackupError, StoreError), match=message):
        restore(rewritten(backup, change), new, force=True)
    assert contents(sqlite(new)) == before
    assert (new / "daogou.toml").read_text() == '[server]\nshop_name = "Before"\n'
    assert not list(tmp_path.rglob("outside"))
    assert not (new / swapping.NEW).exists()


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE]
)
def test_a_member_that_is_no_file(backup: Path, tmp_path: Path, kind: bytes) -> None:
    with tarfile.open(backup, "a") as archive:
        member = tarfile.TarInfo("home/utterances.tsv.x")
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(BackupError, match="is no plain file"):
        restore(backup, tmp_path / "new")


@pytest.mark.parametrize("share", [0.0, 0.2, 0.7, 0.98])
def test_a_file_that_breaks_off(backup: Path, tmp_path: Path, share: float) -> None:
    with tarfile.open(backup) as archive:
        last = archive.getmembers()[-1]
    content = backup.read_bytes()[: last.offset_data + last.size]
    backup.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(BackupError, match=r"not a whole backup|cannot be read"):
        restore(backup, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_no_tar_at_all(tmp_path: Path) -> None:
    (tmp_path / "shop.tar").write_text("not a tar file")
    with pytest.raises(BackupError, match="cannot be read as a backup"):
        restore(tmp_path / "shop.tar", tmp_path / "new")
    with pytest.raises(BackupError, match="No such file"):
        Archive(tmp_path / "nothing.tar")


def test_a_home_that_is_not_empty_needs_force(backup: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.mkdir()
    (new / "notes.txt").write_text("mine")
    with pytest.raises(BackupError, match=r"is not empty.*--force"):
        restore(backup, new)
    assert tree(new) == {"notes.txt": b"mine"}
    restore(backup, new, force=True)
    assert (new / "notes.txt").read_text() == "mine"
    assert Bundle.current(new / "bundles") is not None


@pytest.mark.postgres
def test_a_database_that_has_a_shop_needs_force(
    backup: Path, postgres_url: str, tmp_path: Path
) -> None:
    fill(postgres_url)
    before = contents(postgres_url)
    with pytest.raises(BackupError, match=r"has a shop already.*--force"):
        restore(backup, tmp_path / "new", postgres_url)
    assert contents(postgres_url) == before
    rewritten(backup, alter_counts)
    with pytest.raises(StoreError, match="came with"):
        restore(backup, tmp_path / "new", postgres_url, force=True)
    assert contents(postgres_url) == before


def alter_counts(members: dict[str, bytes]) -> None:
    told = orjson.loads(members["manifest.json"])
    told["tables"]["turns"]["rows"] += 1
    members["manifest.json"] = orjson.dumps(told)


def test_a_shop_that_is_served_is_not_replaced(backup: Path, home: Path) -> None:
    with Store.open(sqlite(home), create=False) as store:
        store.count_products()  # a connection that stays open, as a server's does
        with pytest.raises(BackupError, match=r"is in use.*Stop `daogou serve`"):
            restore(backup, home, force=True)
        assert store.count_products() > 0
    restore(backup, home, force=True)


def test_a_backup_replaces_no_file(backup: Path, home: Path) -> None:
    before = backup.read_bytes()
    with pytest.raises(BackupError, match="is there already"):
        back_up(backup, home, sqlite(home))
    assert backup.read_bytes() == before
    with pytest.raises(BackupError, match="cannot be written"):
        back_up(backup.parent / "no" / "folder" / "shop.tar", home, sqlite(home))


def test_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="There is no database"):
        back_up(tmp_path / "shop.tar", tmp_path, f"sqlite:///{tmp_path / 'none.db'}")
    assert list(tmp_path.iterdir()) == []


def test_a_backup_that_fails_leaves_nothing(home: Path, shop_url: str, tmp_path: Path) -> None:
    bundle = Bundle.current(home / "bundles")
    assert bundle is not None
    bundle.path("numbers.npy").unlink()
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(Exception, match=r"numbers\.npy"):
        back_up(out / "shop.tar", home, shop_url)
    assert list(out.iterdir()) == []


STRIDE: Final = 6
_KILLED: Final = """
import os, sys
from pathlib import Path
from typing import Final
from daogou.backup import restore, swapping

backup, home, at = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
steps = 0

def stepping(function):
    def step(*arguments, **named):
        global steps
        if steps == at:
            os.kill(os.getpid(), 9)
        steps += 1
        return function(*arguments, **named)
    return step

for name in ("rename", "unlink", "mkdir", "fsync"):
    setattr(os, name, stepping(getattr(os, name)))
restore(backup, home, force=True)
print(steps)
"""


def test_a_kill_at_any_step_leaves_the_old_shop_or_the_new_one(
    backup: Path, shop_url: str, tmp_path: Path
) -> None:
    new = tmp_path / "new"
    (tmp_path / "old").mkdir()
    fill(sqlite(tmp_path / "old"))
    with closing(sqlite3.connect(tmp_path / "old" / "daogou.db")) as connection:
        connection.execute("DELETE FROM events")
        connection.commit()
    (tmp_path / "old" / "daogou.toml").write_text('[server]\nshop_name = "Before"\n')
    old = contents(sqlite(tmp_path / "old")), True
    restored = contents(shop_url), False
    assert old != restored
    seen, step = set(), 0
    while True:
        subprocess.run(["rm", "-rf", new], check=True)
        subprocess.run(["cp", "-r", tmp_path / "old", new], check=True)
        done = subprocess.run(
            [sys.executable, "-c", _KILLED, backup, new, str(step)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        )
        if is_halfway(new):
            finish(new)
        found = contents(sqlite(new)), (new / "daogou.toml").exists()
        assert found in (old, restored), step
        seen.add(found == restored)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        if step % 5 == 0:
            restore(backup, new, force=True)  # what a kill leaves is in nobody's way
            assert contents(sqlite(new)) == restored[0]
        step += STRIDE
    assert found == restored
    assert seen == {True, False}
