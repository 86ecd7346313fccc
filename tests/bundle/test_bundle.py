"""Bundles: what is written is what is read, and nothing else is ever served."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import orjson
import polars as pl
import pytest

from daogou.bundle import FORMAT_VERSION, Bundle, BundleWriter, activate, bundles, prune, rollback
from daogou.errors import BundleError


def write(root: Path, number: int = 1) -> Bundle:
    with BundleWriter(root) as writer:
        writer.add_array("items/vectors", np.full((3, 2), number, dtype=np.float32))
        writer.add_json("columns", {"brand": ["a", "b"], "mean": np.float32(0.5)})
        writer.add_frame("lines", pl.DataFrame({"id": ["p1", None], "n": [1, 2]}))
        writer.path("index").mkdir()
        (writer.path("index") / "meta.bin").write_bytes(b"\x00\x01")
        return writer.commit({"ndcg@10": 0.25, "missing": float("nan")}, {"width": 128})


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    written = write(tmp_path)
    bundle = Bundle.open(written.folder)
    assert bundle.id == written.id
    assert bundle.manifest.kind == "model"
    assert bundle.manifest.metrics == {"ndcg@10": 0.25, "missing": None}
    assert bundle.manifest.config == {"width": 128}
    for mmap in (True, False):
        vectors = bundle.array("items/vectors", mmap=mmap)
        assert vectors.dtype == np.float32
        np.testing.assert_array_equal(vectors, np.ones((3, 2)))
    assert bundle.json("columns") == {"brand": ["a", "b"], "mean": 0.5}
    assert bundle.frame("lines").to_dict(as_series=False) == {"id": ["p1", None], "n": [1, 2]}
    assert (bundle.path("index") / "meta.bin").read_bytes() == b"\x00\x01"
    assert bundle.names() == [
        "columns.json",
        "index/meta.bin",
        "items/vectors.npy",
        "lines.parquet",
    ]


def test_a_mapped_array_cannot_be_written(tmp_path: Path) -> None:
    vectors = write(tmp_path).array("items/vectors")
    with pytest.raises(ValueError, match="read-only"):
        vectors[0, 0] = 7


def test_without_commit_nothing_stays(tmp_path: Path) -> None:
    with BundleWriter(tmp_path) as writer:
        writer.add_json("a", 1)
    with pytest.raises(ZeroDivisionError), BundleWriter(tmp_path) as writer:
        writer.add_json("a", 1 // 0)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(BundleError, match="with BundleWriter"):
        writer.add_json("a", 1)


def test_commit_does_not_activate(tmp_path: Path) -> None:
    assert Bundle.current(tmp_path) is None
    first = write(tmp_path)
    assert Bundle.current(tmp_path) is None
    activate(tmp_path, first)
    second = write(tmp_path, 2)
    current = Bundle.current(tmp_path)
    assert current is not None
    assert current.id == first.id
    activate(tmp_path, second)
    current = Bundle.current(tmp_path)
    assert current is not None
    assert current.id == second.id
    assert [bundle.id for bundle in bundles(tmp_path)] == [second.id, first.id]


def test_no_python_objects(tmp_path: Path) -> None:
    with BundleWriter(tmp_path) as writer:
        with pytest.raises(BundleError, match="Python objects"):
            writer.add_array("names", np.array(["a", None], dtype=object))
        with pytest.raises(BundleError, match="cannot be written as JSON"):
            writer.add_json("x", object())
        with pytest.raises(BundleError, match="Metrics or config"):
            writer.commit({"x": object()}, {})
    assert list(tmp_path.iterdir()) == []


def test_a_pickled_array_is_refused(tmp_path: Path) -> None:
    with BundleWriter(tmp_path) as writer:
        np.save(writer.path("evil.npy"), np.array([{"a": 1}], dtype=object), allow_pickle=True)
        bundle = writer.commit({}, {})
    with pytest.raises(BundleError, match=r"evil\.npy"):
        bundle.array("evil", mmap=False)


@pytest.mark.parametrize(
    "name", ["../x", "/etc/x", "a/../../x", "", "..hidden", "a\\b", "a//b", "a/"]
)
def test_names_that_lead_elsewhere(tmp_path: Path, name: str) -> None:
    bundle = write(tmp_path)
    with pytest.raises(BundleError, match="cannot be a name"):
        bundle.path(name)
    with BundleWriter(tmp_path) as writer, pytest.raises(BundleError, match="cannot be a name"):
        writer.path(name)


def edit_manifest(bundle: Bundle, edit: Callable[[dict[str, object]], object]) -> None:
    path = bundle.folder / "manifest.json"
    manifest = orjson.loads(path.read_bytes())
    edit(manifest)
    path.write_bytes(orjson.dumps(manifest))


def flip(path: Path) -> None:
    blob = bytearray(path.read_bytes())
    blob[-1] ^= 1
    path.write_bytes(bytes(blob))


def climb(manifest: dict[str, object]) -> None:
    files = manifest["files"]
    assert isinstance(files, dict)
    files["../outside"] = {"bytes": 1, "sha256": "00"}


def link_out(bundle: Bundle) -> None:
    target = bundle.folder.parent / "elsewhere.json"
    (bundle.folder / "columns.json").rename(target)
    (bundle.folder / "columns.json").symlink_to(target)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda b: flip(b.folder / "items/vectors.npy"), r"items/vectors\.npy .*SHA-256"),
        (lambda b: (b.folder / "columns.json").write_text("{}"), r"columns\.json .*2 bytes"),
        (lambda b: (b.folder / "lines.parquet").unlink(), r"lines\.parquet .*missing"),
        (lambda b: (b.folder / "manifest.json").unlink(), "no bundle"),
        (lambda b: (b.folder / "manifest.json").write_text('{"id'), "cannot be read"),
        (lambda b: (b.folder / "manifest.json").write_text("[]"), "format version None"),
        (lambda b: edit_manifest(b, lambda m: m.update(format_version=99)), "format version 99"),
        (lambda b: edit_manifest(b, lambda m: m.pop("files")), "not complete"),
        (lambda b: edit_manifest(b, lambda m: m.update(surprise=1)), "not complete"),
        (lambda b: edit_manifest(b, climb), "cannot be a name"),
        (link_out, "leads out"),
    ],
)
def test_a_damaged_bundle_is_not_served(
    tmp_path: Path, damage: Callable[[Bundle], object], message: str
) -> None:
    good = write(tmp_path)
    activate(tmp_path, good)
    bad = write(tmp_path, 2)
    damage(bad)
    with pytest.raises(BundleError, match=message) as caught:
        activate(tmp_path, Bundle.open(bad.folder))
    assert "daogou train" in str(caught.value) or "bundle" in str(caught.value)
    current = Bundle.current(tmp_path)
    assert current is not None
    assert current.id == good.id


def test_activate_compares_hashes_itself(tmp_path: Path) -> None:
    bundle = write(tmp_path)
    flip(bundle.folder / "columns.json")
    unchecked = Bundle.open(bundle.folder, verify=False)
    with pytest.raises(BundleError, match="SHA-256"):
        activate(tmp_path, unchecked)
    assert Bundle.current(tmp_path) is None


def test_a_bundle_elsewhere_cannot_be_activated(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="Copy it there"):
        activate(tmp_path / "root", write(tmp_path / "other"))


def test_rollback(tmp_path: Path) -> None:
    first, second, third = (write(tmp_path, n) for n in (1, 2, 3))
    with pytest.raises(BundleError, match="no earlier bundle"):
        rollback(tmp_path)
    for bundle in (first, second, third, third):
        activate(tmp_path, bundle)
    flip(second.folder / "columns.json")
    assert rollback(tmp_path).id == first.id
    current = Bundle.current(tmp_path)
    assert current is not None
    assert current.id == first.id
    with pytest.raises(BundleError, match="no earlier bundle"):
        rollback(tmp_path)


def test_prune_keeps_the_current_and_the_newest(tmp_path: Path) -> None:
    old, *rest = [write(tmp_path, n) for n in range(5)]
    activate(tmp_path, old)
    (tmp_path / ".writing-abc").mkdir()  # left by a process that was killed
    flip(rest[3].folder / "manifest.json")
    with BundleWriter(tmp_path) as writer:
        assert set(prune(tmp_path, keep=3)) == {rest[0].id, rest[3].id}
        assert writer.dir.exists()
    assert {bundle.id for bundle in bundles(tmp_path)} == {old.id, rest[1].id, rest[2].id}
    assert not (tmp_path / ".writing-abc").exists()
    with pytest.raises(BundleError, match="keep=1"):
        prune(tmp_path, keep=0)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"current": "../x", "previous": []}'])
def test_a_broken_pointer(tmp_path: Path, text: str) -> None:
    (tmp_path / "current").write_text(text)
    with pytest.raises(BundleError):
        Bundle.current(tmp_path)


def test_unknown_names_and_versions(tmp_path: Path) -> None:
    bundle = write(tmp_path)
    assert bundle.manifest.format_version == FORMAT_VERSION
    for read in (bundle.array, bundle.json, bundle.frame, bundle.path):
        with pytest.raises(BundleError, match="has no nothing"):
            read("nothing")
