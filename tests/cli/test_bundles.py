"""``daogou bundles`` on a shop that was trained: see, choose, go back, clear up, share."""

import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import Result

from benchmarks.faults.builds import damage
from daogou.bundle import Bundle, BundleWriter, RemoteShelf, activate
from daogou.bundle.config import BundleConfig
from daogou.bundle.pointer import Pointer, read_pointer

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server's planted shop, to be copied."""
    home = tmp_path_factory.mktemp("planted")
    script = Path(__file__).parents[1] / "server" / "plant.py"
    subprocess.run([sys.executable, script, home], check=True)
    return home


@pytest.fixture
def home(planted: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(planted, tmp_path / "home"))


def pointer(home: Path) -> Pointer:
    found = read_pointer(home / "bundles")
    assert found is not None
    return found


def another(home: Path, metrics: Mapping[str, Any] | None = None) -> Bundle:
    """A bundle of the active one's content, which is not active."""
    active = Bundle.current(home / "bundles")
    assert active is not None
    with BundleWriter(home / "bundles") as writer:
        shutil.copytree(active.folder, writer.dir, dirs_exist_ok=True)
        (writer.dir / "manifest.json").unlink()
        manifest = active.manifest
        return writer.commit(
            {**manifest.metrics, **(metrics or {})}, {**manifest.config, "validation_days": 7}
        )


def words(text: str) -> str:
    return " ".join(text.split())


def test_list_tells_which_is_active_and_which_is_damaged(run: Run, home: Path) -> None:
    first, second, third = pointer(home).current, another(home), another(home)
    activate(home / "bundles", second)
    (third.folder / "manifest.json").write_text("{}")
    result = run("bundles", "list", "--home", home)
    assert result.exit_code == 0, result.output
    lines = {id_: line for line in result.stdout.splitlines() for id_ in line.split()}
    assert "active" in lines[second.id]
    assert "before" in lines[first]
    assert f"{third.id} cannot be used" in words(result.stderr)


def test_list_without_any(run: Run, tmp_path: Path) -> None:
    result = run("bundles", "list", "--home", tmp_path)
    assert result.exit_code == 0
    assert "No bundle in" in result.stdout
    assert "daogou train" in result.stdout


def test_show_compares_hashes(run: Run, home: Path) -> None:
    bundle = another(home)
    result = run("bundles", "show", bundle.id, "--home", home)
    assert result.exit_code == 0, result.output
    assert "Every file is what was written." in result.stdout
    damage(bundle, random.Random(0))
    result = run("bundles", "show", bundle.id, "--home", home)
    assert result.exit_code == 1
    assert "SHA-256" in result.stderr


@pytest.mark.parametrize("name", ["no-such-bundle", "../home", "/etc", ".writing-1"])
def test_an_unknown_id_is_told_with_those_there_are(run: Run, home: Path, name: str) -> None:
    result = run("bundles", "activate", name, "--home", home)
    assert result.exit_code == 1
    assert f"There is no bundle '{name}'" in words(result.stderr)
    assert pointer(home).current in result.stderr


def test_activate_and_roll_back(run: Run, home: Path) -> None:
    first, second = pointer(home).current, another(home)
    result = run("bundles", "activate", second.id, "--home", home)
    assert result.exit_code == 0, result.output
    assert pointer(home) == Pointer(second.id, (first,))
    result = run("bundles", "rollback", "--home", home)
    assert result.exit_code == 0, result.output
    assert f"Active bundle: {first} again, after {second.id}" in words(result.stdout)
    assert pointer(home) == Pointer(first)
    result = run("bundles", "rollback", "--home", home)
    assert result.exit_code == 1
    assert "no earlier bundle" in words(result.stderr)


def test_a_damaged_one_is_never_activated(run: Run, home: Path) -> None:
    first, second = pointer(home), another(home)
    damage(second, random.Random(1))
    for force in ((), ("--force",)):
        result = run("bundles", "activate", second.id, "--home", home, *force)
        assert result.exit_code == 1
        assert "SHA-256" in result.stderr
        assert pointer(home) == first


def test_a_worse_one_needs_force(run: Run, home: Path) -> None:
    active = another(home, {"ndcg_next": 0.4})
    activate(home / "bundles", active)
    worse = another(home, {"ndcg_next": 0.2})
    result = run("bundles", "activate", worse.id, "--home", home)
    assert result.exit_code == 1
    told = words(result.stderr)
    assert "ndcg_next is 0.2000, 0.4000 in the active bundle" in told
    assert "--force" in told
    assert pointer(home).current == active.id
    result = run("bundles", "activate", worse.id, "--home", home, "--force")
    assert result.exit_code == 0, result.output
    assert pointer(home).current == worse.id


def test_prune(run: Run, home: Path) -> None:
    active, old, new = pointer(home).current, another(home), another(home)
    (home / "bundles" / ".writing-00000000").mkdir()
    result = run("bundles", "prune", "--keep", "2", "--home", home)
    assert result.exit_code == 0, result.output
    assert f"Deleted: {old.id}." in words(result.stdout)
    left = {path.name for path in (home / "bundles").iterdir() if path.is_dir()}
    assert left == {active, new.id}


def test_what_is_activated_is_shared(run: Run, home: Path, tmp_path: Path) -> None:
    url = f"file://{tmp_path / 'share'}"
    with (home / "daogou.toml").open("a") as settings:
        settings.write(f'\n[bundles]\nurl = "{url}"\n')
    first, second = pointer(home).current, another(home)
    there = RemoteShelf(BundleConfig(url=url))
    assert run("bundles", "activate", second.id, "--home", home).exit_code == 0
    fetched = there.fetch(tmp_path / "server")
    assert fetched is not None
    assert fetched.id == second.id
    assert run("bundles", "rollback", "--home", home).exit_code == 0
    fetched = there.fetch(tmp_path / "server")
    assert fetched is not None
    assert fetched.id == first
    told = orjson.loads((tmp_path / "server" / "current").read_bytes())
    assert told["current"] == first
