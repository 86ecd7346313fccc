"""What is in a bundle's files, looked at before anything opens them: no pickle, no false size."""

import itertools
import math
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import orjson

MOST_HEADER: Final = 100 << 20
"""Bytes of a safetensors header, as the format's own reader has it."""
_WIDTHS: Final = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "I16": 2, "U16": 2, "F16": 2,
    "BF16": 2, "I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8,
}  # fmt: skip
_PARQUET: Final = b"PAR1"


def entries(folder: Path, within: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Every file below ``folder`` with its path from there; links are listed, not followed."""
    with os.scandir(folder) as found:
        for entry in found:
            name = f"{within}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from entries(folder / entry.name, f"{name}/")
            else:
                yield name, entry


def is_plain(entry: os.DirEntry[str]) -> bool:
    """Whether this is a file, and no link, pipe or device."""
    return stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode)


def fault(path: Path) -> str | None:
    """Why a file cannot be what its name says; None where it can, or where that is not known.

    Looks at the frame of ``.npy``, ``.safetensors`` and ``.parquet`` files, and reads little of
    them: a header that promises more than there is would cost its reader that much memory.
    """
    check = _CHECKS.get(path.suffix)
    if check is None:
        return None
    try:
        with path.open("rb") as file:
            return check(file, path.stat().st_size)
    except Exception as error:  # whatever a reader of headers may raise at nonsense
        return f"its header cannot be read ({type(error).__name__}: {str(error)[:200]})"


def _npy(file: BinaryIO, size: int) -> str | None:
    version = np.lib.format.read_magic(file)
    if version not in _NPY_HEADERS:
        return f"it is of npy version {version}, expected 1.0 or 2.0"
    shape, _, dtype = _NPY_HEADERS[version](file)
    if dtype.hasobject:
        return "it holds Python objects, which only pickle could read"
    if any(length < 0 for length in shape):
        return f"it has the shape {shape}"
    wanted = math.prod(shape) * dtype.itemsize
    if wanted != size - file.tell():
        return f"its header promises {wanted} bytes of {dtype} {shape}, it has {size - file.tell()}"
    return None


_NPY_HEADERS: Final[Mapping[tuple[int, int], Callable[[BinaryIO], Any]]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def _safetensors(file: BinaryIO, size: int) -> str | None:
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or length > min(MOST_HEADER, size - 8):
        return f"its header is said to have {length} bytes, the file has {size}"
    header = orjson.loads(file.read(length))
    ends = [(0, 0)]
    for name, tensor in header.items():
        if name == "__metadata__":
            continue
        begin, end = tensor["data_offsets"]
        if math.prod(tensor["shape"]) * _WIDTHS[tensor["dtype"]] != end - begin:
            return f"tensor {name[:80]!r} has other bytes than its shape"
        ends.append((begin, end))
    ends.sort()
    gaps = any(end != begin for (_, end), (begin, _) in itertools.pairwise(ends))
    if gaps or ends[-1][1] != size - 8 - length:
        return "its tensors overlap, or leave bytes that belong to none"
    return None


def _parquet(file: BinaryIO, size: int) -> str | None:
    if size < 12 or file.read(4) != _PARQUET:
        return "it is no Parquet file"
    file.seek(size - 8)
    footer, end = int.from_bytes(file.read(4), "little"), file.read(4)
    if end != _PARQUET or footer > size - 12:
        return "its end is missing"
    return None


_CHECKS: Final[Mapping[str, Callable[[BinaryIO, int], str | None]]] = {
    ".npy": _npy,
    ".safetensors": _safetensors,
    ".parquet": _parquet,
}
