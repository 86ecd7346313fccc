"""Hostile bundles: whatever folder or manifest say, a BundleError with a remedy, or sound."""

import hashlib
import json
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daogou.bundle import Bundle, BundleWriter, activate
from daogou.bundle.content import fault
from daogou.errors import BundleError

MANIFEST: Final = "manifest.json"


def tensors(header: dict[str, Any], data: bytes, length: int | None = None) -> bytes:
    """A safetensors file as the format has it, or with another ``length`` than its header's."""
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(begin: int, end: int, shape: tuple[int, ...] = (2,)) -> dict[str, Any]:
    return {"dtype": "F32", "shape": list(shape), "data_offsets": [begin, end]}


def write(root: Path) -> Bundle:
    with BundleWriter(root) as writer:
        writer.add_array("vectors", np.arange(12, dtype=np.float32).reshape(3, 4))
        writer.add_json("model", {"width": 4})
        writer.path("weights.safetensors").write_bytes(tensors({"w": tensor(0, 8)}, bytes(8)))
        writer.path("index/meta.bin").write_bytes(b"\x00\x01")
        return writer.commit({"ndcg_next": 0.25}, {})


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return write(tmp_path_factory.mktemp("good"))


def copied(good: Bundle, root: Path) -> Path:
    shutil.rmtree(root, ignore_errors=True)
    return Path(shutil.copytree(good.folder, root / good.id))


def relist(folder: Path, name: str, content: bytes) -> None:
    """Put a file, and a manifest that fits it."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    manifest = orjson.loads((folder / MANIFEST).read_bytes())
    digest = hashlib.sha256(content).hexdigest()
    manifest["files"][name] = {"bytes": len(content), "sha256": digest}
    (folder / MANIFEST).write_bytes(orjson.dumps(manifest))


def remark(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        manifest = orjson.loads((folder / MANIFEST).read_bytes())
        change(manifest)
        (folder / MANIFEST).write_bytes(orjson.dumps(manifest))

    return edit


def huge_npy(folder: Path) -> None:
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 999), }"
    header += b" " * (118 - len(header) - 1) + b"\n"
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(16)
    relist(folder, "vectors.npy", content)


def pickled(folder: Path) -> None:
    np.save(folder / "vectors.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    relist(folder, "vectors.npy", (folder / "vectors.npy").read_bytes())


def linked_folder(folder: Path) -> None:
    outside = folder.parent.parent / "outside"
    outside.mkdir(exist_ok=True)
    shutil.copy(folder / "index/meta.bin", outside)
    shutil.rmtree(folder / "index")
    (folder / "index").symlink_to(outside)


def linked_whole(folder: Path) -> None:
    elsewhere = folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to(elsewhere)


def linked_model(folder: Path) -> None:
    (folder / "model.json").unlink()
    (folder / "model.json").symlink_to("/etc/hostname")


def piped_model(folder: Path) -> None:
    (folder / "model.json").unlink()
    os.mkfifo(folder / "model.json")


def piped(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def linked_manifest(folder: Path) -> None:
    (folder / MANIFEST).rename(folder.parent / "m.json")
    (folder / MANIFEST).symlink_to(folder.parent / "m.json")


def safetensors(content: bytes) -> Callable[[Path], None]:
    return lambda folder: relist(folder, "weights.safetensors", content)


def entry(size: object, sha256: object) -> Callable[[Path], None]:
    return remark(lambda m: m["files"].update({"model.json": {"bytes": size, "sha256": sha256}}))


HOSTILE: Final[dict[str, tuple[Callable[[Path], object], str]]] = {
    "a file that is not listed": (lambda f: (f / "more.py").write_text("1"), "does not list"),
    "a hidden one": (lambda f: (f / "index/.x").write_text("1"), "does not list"),
    "a link that is listed": (
        linked_model,
        "leads out",
    ),
    "a link that is not": (lambda f: (f / "x").symlink_to("/etc"), "leads out"),
    "a folder that is a link": (linked_folder, "leads out"),
    "a bundle that is a link": (linked_whole, "no link"),
    "a manifest that is a link": (linked_manifest, "is a link"),
    "a pipe": (piped, "leads out"),
    "a pipe that is listed": (
        piped_model,
        "leads out",
    ),
    "another id": (remark(lambda m: m.update(id="model-x")), "its id is model-x"),
    "an id that climbs": (remark(lambda m: m.update(id="../x")), "cannot be a name"),
    "an absolute path": (
        remark(lambda m: m["files"].update({"/etc/hostname": m["files"]["model.json"]})),
        "cannot be a name",
    ),
    "itself": (
        remark(lambda m: m["files"].update({MANIFEST: m["files"]["model.json"]})),
        "lists itself",
    ),
    "a negative size": (entry(-1, "0" * 64), "a size is -1"),
    "a size that is a text": (entry("9", "0" * 64), "a size is '9'"),
    "a short hash": (entry(2, "abc"), "64 hex digits"),
    "no hash": (entry(2, None), "64 hex digits"),
    "more than is allowed": (entry(1 << 60, "0" * 64), "max_gigabytes"),
    "files that are a list": (remark(lambda m: m.update(files=[])), "not complete"),
    "metrics that are a text": (remark(lambda m: m.update(metrics="x")), "metrics is a str"),
    "no date": (remark(lambda m: m.update(created="yesterday")), "not complete"),
    "a huge manifest": (
        lambda f: (f / MANIFEST).write_bytes(b" " * (17 << 20)),
        "larger than",
    ),
    "a deep manifest": (lambda f: (f / MANIFEST).write_bytes(b"[" * 100_000), "cannot be read"),
    "a pickle": (pickled, "only pickle"),
    "a header of terabytes": (huge_npy, "promises"),
    "an npy that is none": (lambda f: relist(f, "vectors.npy", b"x" * 200), "header"),
    "an empty npy": (lambda f: relist(f, "vectors.npy", b""), "header"),
    "a header longer than the file": (safetensors(tensors({}, b"", 1 << 62)), "header"),
    "tensors that overlap": (
        safetensors(tensors({"a": tensor(0, 8), "b": tensor(4, 12)}, bytes(12))),
        "overlap",
    ),
    "a tensor beyond the end": (safetensors(tensors({"a": tensor(0, 8)}, b"")), "overlap"),
    "a tensor of another shape": (
        safetensors(tensors({"a": tensor(0, 8, (3,))}, bytes(8))),
        "other bytes",
    ),
    "a header that is a list": (safetensors(struct.pack("<Q", 2) + b"[]"), "header"),
    "no tensors at all": (safetensors(b""), "header"),
    "parquet without an end": (
        lambda f: relist(f, "x.parquet", b"PAR1" + bytes(20)),
        "its end is missing",
    ),
}


@pytest.mark.parametrize(("edit", "message"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_bundle_is_refused(
    good: Bundle, tmp_path: Path, edit: Callable[[Path], object], message: str
) -> None:
    folder = copied(good, tmp_path / "bundles")
    edit(folder)
    with pytest.raises(BundleError, match=message) as caught:
        activate(tmp_path / "bundles", Bundle.open(folder))
    told = str(caught.value)
    assert "daogou" in told or "[bundles]" in told
    assert not (tmp_path / "bundles" / "current").exists()


def test_the_good_one_is_not(good: Bundle, tmp_path: Path) -> None:
    folder = copied(good, tmp_path / "bundles")
    relist(
        folder, "weights.safetensors", tensors({"__metadata__": {}, "w": tensor(0, 8)}, bytes(8))
    )
    (folder / "index" / ".tantivy-meta.lock").touch()  # tantivy makes it where it opens an index
    activate(tmp_path / "bundles", Bundle.open(folder))


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_damage_is_found(good: Bundle, tmp_path: Path, data: st.DataObject) -> None:
    """A bit, a cut or bytes too many, in any file; the manifest stays as it was."""
    folder = copied(good, tmp_path / "bundles")
    name = data.draw(st.sampled_from(good.names()))
    blob = bytearray((folder / name).read_bytes())
    kind = data.draw(st.sampled_from(("flip", "cut", "more")))
    if kind == "flip":
        blob[data.draw(st.integers(0, len(blob) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    elif kind == "cut":
        del blob[data.draw(st.integers(0, len(blob) - 1)) :]
    else:
        blob += data.draw(st.binary(min_size=1, max_size=9))
    (folder / name).write_bytes(bytes(blob))
    with pytest.raises(BundleError, match="daogou train"):
        Bundle.open(folder)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_manifest_is_read_or_refused(good: Bundle, tmp_path: Path, data: st.DataObject) -> None:
    folder = copied(good, tmp_path / "bundles")
    raw = (folder / MANIFEST).read_bytes()
    values: st.SearchStrategy[Any] = (
        st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.just([]) | st.just({})
    )
    if data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw = (
            raw[:place]
            + data.draw(st.binary(max_size=6))
            + raw[place + data.draw(st.integers(0, 6)) :]
        )
    else:
        manifest = orjson.loads(raw)
        key = data.draw(st.sampled_from([*manifest, "surprise"]))
        within = data.draw(st.sampled_from([manifest, manifest["files"]]))
        within[key] = data.draw(values)
        try:
            raw = orjson.dumps(manifest)
        except (TypeError, ValueError):
            return  # no JSON
    (folder / MANIFEST).write_bytes(raw)
    said = None
    try:
        Bundle.open(folder)
    except BundleError as error:
        said = str(error)
    assert said is None or "daogou" in said


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(("x.npy", "x.safetensors", "x.parquet")),
    start=st.sampled_from(
        (b"", b"\x93NUMPY\x01\x00v\x00", b"\x93NUMPY\x02\x00v\x00\x00\x00", b"PAR1")
    ),
    rest=st.binary(max_size=200),
)
def test_any_bytes_are_looked_at_without_harm(
    tmp_path: Path, name: str, start: bytes, rest: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(start + rest)
    found = fault(path)
    assert found is None or found
