"""A home with a row or more in every table, whatever tables there are."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import sqlalchemy as sa

from daogou.bundle import BundleWriter, activate
from daogou.store.database import Database
from daogou.store.tables import metadata

ROWS: Final = 7
TEXTS: Final = (
    "",
    "tea",
    "绿茶 🍵",
    'a "quoted" line\nand another',
    "\\u0000 in words",
    "0x1F",
    "1e5",
)
NUMBERS: Final = (0, 1, -1, 2**31, 2**53 + 1, -(2**63), 2**63 - 1)
FLOATS: Final = (0.1 + 0.2, 4.7, 1e-300, 1.7976931348623157e308, -0.0, 5e-324, 3.0)


def contents(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of the code."""
    database = Database(url)
    try:
        with database.read() as connection:
            return {
                table.name: [
                    tuple(row)
                    for row in connection.execute(sa.select(table).order_by(*table.primary_key))
                ]
                for table in metadata.sorted_tables
            }
    finally:
        database.close()


def fill(url: str) -> None:
    """Put ``ROWS`` rows into every table of the code, each column with values hard to keep."""
    database = Database(url)
    database.migrate()
    with database.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(sa.delete(table))
        for table in metadata.sorted_tables:
            rows = [{c.name: value(c, n) for c in table.columns} for n in range(ROWS)]
            connection.execute(sa.insert(table), rows)
    database.close()


def value(column: sa.Column[Any], number: int) -> Any:
    if column.primary_key or column.foreign_keys or column.unique:
        return number if isinstance(column.type, sa.Integer) else f"键-{number}"
    if column.name == "visitor_id":
        return f"键-{number}"
    if column.nullable and number % 3 == 0:
        return None
    if isinstance(column.type, sa.Boolean):
        return number % 2 == 0
    if isinstance(column.type, sa.BigInteger):
        return NUMBERS[number]
    if isinstance(column.type, sa.Integer):
        return number * 1000
    return FLOATS[number] if isinstance(column.type, sa.Float) else TEXTS[number]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with settings, a bundle that is active and one that was, and a cache."""
    folder = tmp_path / "home"
    bundles = folder / "bundles"
    for number in range(2):
        with BundleWriter(bundles) as writer:
            writer.add_array("numbers", np.arange(number + 5))
            (writer.path("lexical/.managed.json")).write_text("[]")
            activate(bundles, writer.commit({}, {}))
    (folder / "utterances.tsv").write_text("find\tsomething for my feet\n")
    (folder / "cache" / "pictures").mkdir(parents=True)
    (folder / "cache" / "pictures" / "a1").write_bytes(b"picture")
    (folder / "cache" / "training.safetensors").write_bytes(b"half done")
    with sa.create_engine(f"sqlite:///{folder / 'cache' / 'vectors.db'}").begin() as connection:
        connection.execute(sa.text("CREATE TABLE vectors (key TEXT)"))
        connection.execute(sa.text("INSERT INTO vectors VALUES ('k')"))
    return folder


@pytest.fixture
def shop_url(request: pytest.FixtureRequest, home: Path) -> str:
    """The filled database of that home, of the kind that a test asks for; SQLite by default."""
    if getattr(request, "param", "sqlite") == "postgresql":
        url = str(request.getfixturevalue("postgres_url"))
    else:
        url = sqlite(home)
    fill(url)
    return url


def sqlite(home: Path) -> str:
    return f"sqlite:///{home / 'daogou.db'}"
