"""How large the serving install is, and how long the server takes to start.

    python -m benchmarks.footprint --json FILE

The package without extras is put into a fresh environment by pip. Counted are the bytes of all
files that belong to a distribution, bytecode included, pip left out. Then the server of that
environment is started again and again on a shop: from the start of the process to the first
``/readyz`` that is 200, and to the first search that is answered. Files that were read before are
in the system's cache from the second start on; the first start is told apart.
"""

import argparse
import http.client
import json
import os
import shutil
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path
from subprocess import DEVNULL, Popen, run
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.reporting import document, save
from daogou.cli.results import Row

ROOT: Final = Path(__file__).parents[1]
BUDGET_MB: Final = 500
SHOWN: Final = 10
PATIENCE: Final = 120.0
_PAUSE: Final = 0.01
_QUERY: Final = b'{"query": "milk", "visitorId": "footprint"}'

# Runs in the environment that is measured: it has nothing of ours but the package.
_SIZES: Final = """
import json
from importlib.metadata import distributions
from pathlib import Path
sizes, code = {}, 0
for found in distributions():
    name = found.metadata["Name"]
    if name in ("pip", "setuptools"):
        continue
    paths = {Path(found.locate_file(file)).resolve() for file in found.files or ()}
    paths |= {p for path in paths for p in path.parent.glob("__pycache__/" + path.stem + ".*.pyc")}
    here = [(path, path.stat().st_size) for path in paths if path.is_file()]
    sizes[name] = sum(size for _, size in here)
    code += sum(size for path, size in here if path.suffix == ".pyc")
print(json.dumps([sizes, code]))
"""


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.footprint", description=__doc__)
    parser.add_argument("--home", type=Path, default=Path(".demo"), help="a shop with a bundle")
    parser.add_argument("--python", type=Path, help="of an environment that is there already")
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--no-start", action="store_true", help="sizes alone")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    os.environ.pop("PYTHONPATH", None)  # what is measured is installed
    with tempfile.TemporaryDirectory(prefix="daogou-footprint-") as folder:
        python = options.python or install(Path(folder))
        rows = size_rows(python)
        if not options.no_start:
            rows += start_rows(python, options.home, options.starts)
    _show(rows)
    save(options.json, document("footprint", arguments, rows))


def install(folder: Path) -> Path:
    """Put the package into a fresh environment; its interpreter."""
    run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    # A copy, so that building leaves nothing in the checkout.
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__"))
    command = [
        str(python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        str(source),
    ]
    run(command, check=True)
    return python


def size_rows(python: Path) -> list[Row]:
    """The whole in MB, what of it is bytecode, and the largest packages."""
    told = run([python, "-c", _SIZES], capture_output=True, text=True, check=True)
    sizes, code = json.loads(told.stdout)
    largest = sorted(sizes.items(), key=lambda pair: -pair[1])
    whole = sum(sizes.values())
    packages: list[Row] = [{"name": f"package {n}", "mb": _mb(size)} for n, size in largest[:SHOWN]]
    return [
        {
            "name": "install",
            "mb": _mb(whole),
            "budget_mb": BUDGET_MB,
            "packages": len(sizes),
            "torch": "torch" in sizes,
        },
        {"name": "install: bytecode", "mb": _mb(code)},
        *packages,
        {"name": "package others", "mb": _mb(sum(size for _, size in largest[SHOWN:]))},
    ]


def start_rows(python: Path, home: Path, starts: int) -> list[Row]:
    """Seconds to the first good ``/readyz`` and to the first answered search."""
    times = [start(python, home) for _ in range(starts)]
    return [
        {
            "name": f"start: {what}",
            "seconds": round(statistics.median(column), 3),
            "first": round(column[0], 3),
            "fastest": round(min(column), 3),
            "slowest": round(max(column), 3),
            "starts": starts,
        }
        for what, column in zip(("ready", "first search"), zip(*times, strict=True), strict=True)
    ]


def start(python: Path, home: Path) -> tuple[float, float]:
    """Start a server and stop it again: seconds until it is ready, and has answered a search.

    Raises
    ------
    SystemExit
        It does not get ready, or does not answer.
    """
    port = _free_port()
    command = [str(python), "-m", "daogou", "serve", "--home", str(home), "--port", str(port)]
    begun = time.perf_counter()
    with Popen(command, stdout=DEVNULL) as process:
        try:
            while (status := _ask(port, "GET", "/readyz")) != 200:
                if process.poll() is not None or time.perf_counter() - begun > PATIENCE:
                    raise SystemExit(f"The server of {home} did not get ready (/readyz: {status}).")
                time.sleep(_PAUSE)
            ready = time.perf_counter() - begun
            if (status := _ask(port, "POST", "/v1/search", _QUERY)) != 200:
                raise SystemExit(f"The first search was answered {status}.")
            return ready, time.perf_counter() - begun
        finally:
            process.terminate()


def _ask(port: int, method: str, path: str, body: bytes | None = None) -> int:
    """HTTP's status; 0 while nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
    except ConnectionError:
        return 0
    finally:
        connection.close()
    return answer.status


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _mb(size: int) -> float:
    return round(size / 1e6, 1)


def _show(rows: list[Row]) -> None:
    table = Table("", "MB", "seconds", "first", "fastest", "slowest")
    keys = ("mb", "seconds", "first", "fastest", "slowest")
    for row in rows:
        table.add_row(str(row["name"]), *(str(row.get(key, "")) for key in keys))
    Console().print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
