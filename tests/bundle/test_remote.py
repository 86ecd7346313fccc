"""Bundles through a shared folder and through a bucket: fsspec's ``file://`` and ``memory://``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest

from daogou.bundle import Bundle, BundleConfig, BundleWriter, RemoteShelf, activate, rollback
from daogou.bundle.pointer import read_pointer
from daogou.errors import BundleError, ConfigError


@pytest.fixture(params=["file", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "file":
        yield f"file://{tmp_path / 'share'}"
        return
    yield f"memory://{tmp_path.name}"
    files: Any = fsspec.filesystem("memory")
    files.store.clear()
    files.pseudo_dirs[:] = [""]


def write(root: Path, width: int) -> Bundle:
    with BundleWriter(root) as writer:
        writer.add_array("vectors", np.full((3, width), width, np.float32))
        writer.add_json("model", {"width": width})
        writer.path("index/meta.bin").write_bytes(bytes(width))
        return writer.commit({}, {})


def shelf(url: str, **settings: Any) -> RemoteShelf:
    return RemoteShelf(BundleConfig(url=url, **settings))


def in_it(url: str) -> tuple[Any, str]:
    files, root = fsspec.core.url_to_fs(url)
    return files, str(root).rstrip("/")


def test_what_is_published_is_fetched(url: str, tmp_path: Path) -> None:
    there = shelf(url)
    assert there.pointer() is None
    assert there.fetch(tmp_path / "server") is None
    bundle = write(tmp_path / "trainer", 4)
    there.publish(bundle)
    there.publish(bundle)  # once more changes nothing
    fetched = there.fetch(tmp_path / "server")
    assert fetched is not None
    assert fetched.id == bundle.id
    served = Bundle.current(tmp_path / "server")
    assert served is not None
    assert served.manifest == bundle.manifest
    assert np.array_equal(served.array("vectors"), bundle.array("vectors"))
    assert there.fetch(tmp_path / "server") is None  # nothing new


def test_servers_go_back_with_the_trainer(url: str, tmp_path: Path) -> None:
    there, trainer, server = shelf(url), tmp_path / "trainer", tmp_path / "server"
    first, second = write(trainer, 1), write(trainer, 2)
    for bundle in (first, second):
        there.publish(bundle)
        activate(trainer, bundle)
        there.fetch(server)
    there.go_back(rollback(trainer))
    fetched = there.fetch(server)
    assert fetched is not None
    assert fetched.id == first.id
    pointer = read_pointer(server)
    assert pointer is not None
    assert second.id not in pointer.previous  # what was gone back from is none to go back to


def test_as_many_as_are_kept_stay_and_nothing_else_is_touched(url: str, tmp_path: Path) -> None:
    there = shelf(url, keep=2)
    files, root = in_it(url)
    files.makedirs(root, exist_ok=True)
    files.pipe_file(f"{root}/notes.txt", b"not ours")
    written = [write(tmp_path / "trainer", width) for width in (1, 2, 3, 4)]
    for bundle in written:
        there.publish(bundle)
    files.invalidate_cache()
    names = {str(path).rstrip("/").rpartition("/")[2] for path in files.ls(root, detail=False)}
    assert names == {"current", "notes.txt", written[2].id, written[3].id}


@pytest.mark.parametrize("content", [b"\x01\x00\x00\x00", b"longer than it was"])
def test_what_is_damaged_there_is_not_taken(url: str, tmp_path: Path, content: bytes) -> None:
    there, server = shelf(url), tmp_path / "server"
    first, second = write(tmp_path / "trainer", 4), write(tmp_path / "trainer", 4)
    there.publish(first)
    there.fetch(server)
    there.publish(second)
    files, root = in_it(url)
    files.pipe_file(f"{root}/{second.id}/index/meta.bin", content)
    with pytest.raises(BundleError, match=r"is not what was published: .*daogou bundles activate"):
        there.fetch(server)
    current = Bundle.current(server)
    assert current is not None
    assert current.id == first.id
    assert not [path for path in server.iterdir() if path.name.startswith(".writing-")]


def test_a_pointer_to_nothing_and_one_that_is_none(url: str, tmp_path: Path) -> None:
    there = shelf(url)
    bundle = write(tmp_path / "trainer", 4)
    there.publish(bundle)
    files, root = in_it(url)
    files.rm_file(f"{root}/{bundle.id}/manifest.json")
    with pytest.raises(BundleError, match=r"has no such bundle\. Publish it again"):
        there.fetch(tmp_path / "server")
    files.pipe_file(f"{root}/current", b'{"current": "../up", "previous": []}')
    with pytest.raises(BundleError, match="does not say which bundle is active"):
        there.fetch(tmp_path / "server")
    files.pipe_file(f"{root}/current", b" " * 100_000)
    with pytest.raises(BundleError, match="100,000 bytes; expected 65,536 at most"):
        there.fetch(tmp_path / "server")


def test_too_large_a_bundle_is_left_there(url: str, tmp_path: Path) -> None:
    shelf(url).publish(write(tmp_path / "trainer", 4))
    with pytest.raises(BundleError, match=r"Raise \[bundles\] max_gigabytes"):
        shelf(url, max_gigabytes=1e-9).fetch(tmp_path / "server")
    assert Bundle.current(tmp_path / "server") is None


def test_a_password_in_the_url_is_not_told() -> None:
    with pytest.raises(BundleError, match=r"ftp://shop:\*\*\*@127\.0\.0\.1:1/bundles") as caught:
        shelf("ftp://shop:secret@127.0.0.1:1/bundles")
    assert "secret" not in str(caught.value)
    with pytest.raises(ConfigError, match=r"url is 'nowhere://shop:\*\*\*@host/x'") as raised:
        shelf("nowhere://shop:secret@host/x")
    assert "secret" not in str(raised.value)


def test_a_url_that_is_none() -> None:
    with pytest.raises(ConfigError, match=r"url is 'nowhere://x', and fsspec cannot open it"):
        shelf("nowhere://x")
