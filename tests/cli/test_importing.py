"""``daogou import``: what is told of rows, and how it ends."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from daogou.store import Store

Run = Callable[..., Result]


def feed(path: Path, *rows: Any) -> Path:
    lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_good_rows_go_in_and_bad_ones_are_shown_with_their_remedy(run: Run, tmp_path: Path) -> None:
    file = feed(
        tmp_path / "catalogue.jsonl",
        {"id": "a", "title": "Cola"},
        {"id": "b", "title": "Milk", "priceInfo": {"currencyCode": "USD", "price": "12,5"}},
        "{broken",
    )
    kept = tmp_path / "bad.jsonl"
    result = run("import", "products", file, "--home", tmp_path / "home", "--errors", kept)
    assert result.exit_code == 0
    assert "3 read, 1 added, 0 changed, 0 unchanged, 2 bad" in result.stdout
    for told in ("catalogue.jsonl:2", "priceInfo.price", "12,5", "with a point"):
        assert told in result.stdout
    assert [json.loads(line)["line"] for line in kept.read_text().splitlines()] == [2, 3]
    assert "daogou import events FILE" in result.stdout


def test_the_same_file_again_changes_nothing(run: Run, tmp_path: Path, feeds: Path) -> None:
    for what, word in (("products", "unchanged"), ("events", "there already")):
        words = ("import", what, feeds / f"{what}.jsonl", "--home", tmp_path)
        assert "0 bad" in run(*words).stdout
        again = run(*words)
        assert again.exit_code == 0
        assert "read, 0 added" in again.stdout
        rows = len((feeds / f"{what}.jsonl").read_text().splitlines())
        assert f"{rows:,} {word}" in again.stdout


def test_after_events_comes_training(run: Run, tmp_path: Path, feeds: Path) -> None:
    result = run("import", "events", feeds / "events.jsonl", "--home", tmp_path)
    assert f"daogou train --home {tmp_path}" in result.stdout


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("missing.jsonl", None, "does not exist"),
        ("catalogue.xls", "x", "expected one of .tsv"),
        ("empty.jsonl", "", "has no rows"),
        ("bad.jsonl", "{broken", "A bad row"),
    ],
)
def test_nothing_that_could_be_read_is_a_failure(
    run: Run, tmp_path: Path, name: str, content: str | None, told: str
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    result = run("import", "products", tmp_path / name, "--home", tmp_path)
    assert result.exit_code == 1
    assert told in result.output
    assert "Traceback" not in result.output


def test_one_file_that_cannot_be_read_does_not_stop_the_others(run: Run, tmp_path: Path) -> None:
    good = feed(tmp_path / "good.jsonl", {"id": "a", "title": "Cola"})
    result = run("import", "products", tmp_path / "missing.jsonl", good, "--home", tmp_path)
    assert result.exit_code == 1  # a job that runs by night has to notice
    with Store.open(f"sqlite:///{tmp_path / 'daogou.db'}", create=False) as store:
        assert store.count_products() == 1


def test_errors_that_cannot_be_written_say_so(run: Run, tmp_path: Path) -> None:
    good = feed(tmp_path / "good.jsonl", {"id": "a", "title": "Cola"})
    missing = tmp_path / "no" / "such" / "folder"
    result = run("import", "products", good, "--home", tmp_path, "--errors", missing)
    assert result.exit_code == 1
    assert "What was good is imported" in result.stderr


def test_markup_in_a_feed_is_only_text(run: Run, tmp_path: Path) -> None:
    file = feed(tmp_path / "f.jsonl", {"id": "a", "title": "Cola", "price": "[bold red]x[/]"})
    result = run("import", "products", file, "--home", tmp_path)
    assert "[bold red]x[/]" in result.stdout


def test_another_database(run: Run, tmp_path: Path) -> None:
    good = feed(tmp_path / "good.jsonl", {"id": "a", "title": "Cola"})
    url = f"sqlite:///{tmp_path / 'other.db'}"
    result = run("import", "products", good, "--home", tmp_path, "--store", url)
    assert result.exit_code == 0
    assert (tmp_path / "other.db").exists()
    assert not (tmp_path / "daogou.db").exists()


def test_a_database_that_is_not_there_is_one_message(run: Run, tmp_path: Path) -> None:
    url = "postgresql://127.0.0.1:1/none"
    good = feed(tmp_path / "good.jsonl", {"id": "a", "title": "Cola"})
    result = run("import", "products", good, "--home", tmp_path, "--store", url)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.output


def test_knowledge_goes_in_and_comes_up_in_the_next_answer(run: Run, tmp_path: Path) -> None:
    good, bad = tmp_path / "bread.md", tmp_path / "tea.md"
    good.write_text("---\nkind: storing\ntitle: Bread\n---\nKeep it dry.\n", "utf-8")
    bad.write_text("---\nkind: storage\ntitle: Tea\n---\nBrew it.\n", "utf-8")
    words = ("import", "knowledge", good, bad, "--home", tmp_path / "home")
    result = run(*words)
    assert result.exit_code == 1
    assert "1 read, 1 added, 0 changed, 0 unchanged, 0 bad" in result.stdout
    for told in ("tea.md:2", "kind", "storage", "expected one of how-to", "daogou serve"):
        assert told in result.stdout
    again = run(*words[:3], *words[4:])
    assert again.exit_code == 0
    assert "1 read, 0 added, 0 changed, 1 unchanged" in again.stdout
    with Store.open(f"sqlite:///{tmp_path / 'home' / 'daogou.db'}") as store:
        assert [article.id for article in store.articles()] == ["bread"]
