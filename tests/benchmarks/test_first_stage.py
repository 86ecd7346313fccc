"""The first stage with one part changed at a time."""

from pathlib import Path

import orjson
import pytest
from rich.console import Console

from benchmarks.first_stage import AS_IT_IS, VARIANTS, main, print_table


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Sixty visitors who buy round a circle of twelve items, six steps each."""
    lines = [f"{n} " + " ".join(str((n + step) % 12) for step in range(6)) for n in range(60)]
    (tmp_path / "Toys.txt").write_text("\n".join(lines))
    (tmp_path / "Toys_item2attributes.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize("changed", ["hstu", "masked events, lambda .1"])
def test_a_variant_beside_the_stage_as_it_is(folder: Path, tmp_path: Path, changed: str) -> None:
    file = tmp_path / "found.json"
    words = ["--data", str(folder), "--json", str(file), "--seeds", "2"]
    main([*words, "--variants", AS_IT_IS, changed])
    found = orjson.loads(file.read_bytes())
    rows = {row["name"]: row for row in found["rows"]}
    assert list(rows) == [AS_IT_IS, changed, f"{changed} - {AS_IT_IS}"]
    # Of the eight items that are left to a visitor, by chance the right one would bring .49.
    assert rows[AS_IT_IS]["ndcg@10"] > 0.7
    apart = rows[changed]["ndcg@10"] - rows[AS_IT_IS]["ndcg@10"]
    assert rows[f"{changed} - {AS_IT_IS}"]["ndcg@10"] == pytest.approx(apart)
    console = Console(record=True, width=120)
    print_table(found["rows"], "Toys", console)
    assert changed in console.export_text()


def test_every_variant_changes_something() -> None:
    kept = VARIANTS[AS_IT_IS]
    for name, variant in VARIANTS.items():
        config = variant.config(0)
        same = (config, variant.plan(config)) == (kept.config(0), kept.plan(kept.config(0)))
        assert same == (name == AS_IT_IS)


def test_a_set_that_is_not_there_is_said(folder: Path) -> None:
    with pytest.raises(SystemExit, match="no set named Cars; it has Toys"):
        main(["--data", str(folder), "--set", "Cars"])
