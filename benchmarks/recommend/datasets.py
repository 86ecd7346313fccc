"""Whatever data set a folder holds, known by its layout."""

from pathlib import Path

from benchmarks.recommend.dataset import Dataset
from benchmarks.recommend.invoices import read_invoices
from benchmarks.recommend.sequences import ATTRIBUTES, read_sequences
from benchmarks.recommend.texts import ITEMS, SEQUENCES, read_texts
from daogou.errors import FeedError

_LAYOUTS = {
    f"*{ATTRIBUTES}": read_sequences,
    f"*{ITEMS}": read_texts,
    "*.parquet": read_invoices,
}


def read_datasets(folder: Path) -> list[Dataset]:
    """All data sets of a folder.

    Raises
    ------
    FeedError
        The folder has none of the layouts, or a file of it cannot be read.
    """
    for pattern, read in _LAYOUTS.items():
        if any(folder.glob(pattern)):
            return read(folder)
    found = ", ".join(sorted(path.name for path in folder.glob("*"))[:10]) or "nothing"
    raise FeedError(
        f"{folder} holds {found}; expected one of: NAME.txt with NAME{ATTRIBUTES}"
        f" (amazon14-seq-s3rec), NAME{ITEMS} with NAME{SEQUENCES}, NAME.valid.jsonl and"
        " NAME.test.jsonl (amazon18-text-seq), or invoices as *.parquet (online-retail-ii)."
    )
