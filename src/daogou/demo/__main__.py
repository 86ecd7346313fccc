"""``python -m daogou.demo [FOLDER]``: write the demo feeds and print what went into them."""

import sys
import tempfile
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.table import Table

from daogou.demo.build import build_feeds


def main(arguments: list[str]) -> None:
    """Build into the folder named, or into a temporary one."""
    console = Console()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(arguments[0]) if arguments else Path(scratch)
        start = perf_counter()
        feeds = build_feeds(
            folder, lambda step, done, total: console.print(f"[{done + 1}/{total}] {step}")
        )
        table = Table(
            "What", "Count", title=f"The demo shop, made in {perf_counter() - start:.0f} s"
        )
        for name, count in feeds.counts.items():
            table.add_row(name, f"{count:,}")
        console.print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
