"""Backup and restore on the terminal."""

from collections.abc import Callable
from pathlib import Path

from typer.testing import Result

from daogou.backup import swapping


def test_a_shop_in_one_file_and_back(
    run: Callable[..., Result], feeds: Path, tmp_path: Path
) -> None:
    home, file, new = tmp_path / "home", tmp_path / "shop.tar", tmp_path / "new"
    run("import", "products", feeds / "products.jsonl", "--home", home)
    run("import", "events", feeds / "events.jsonl", "--home", home)
    (home / "daogou.toml").write_text('[server]\nshop_name = "Corner"\n')
    made = run("backup", file, "--home", home)
    assert made.exit_code == 0, made.output
    assert "24 products, 320 events" in made.output
    assert "no bundle in it" in made.output
    assert "Keep the file where you would keep" in made.output
    restored = run("restore", file, "--home", new)
    assert restored.exit_code == 0, restored.output
    assert "24 products, 320 events" in restored.output
    assert f"sqlite:///{new / 'daogou.db'}" in restored.output
    assert (new / "daogou.toml").read_text() == '[server]\nshop_name = "Corner"\n'
    assert "red apple" in run("search", "apple", "--home", new).output
    again = run("restore", file, "--home", new)
    assert again.exit_code == 1
    assert "--force" in again.output
    assert run("restore", file, "--home", new, "--force").exit_code == 0


def test_another_database_than_the_settings_name_is_told(
    run: Callable[..., Result], feeds: Path, tmp_path: Path
) -> None:
    home, file = tmp_path / "home", tmp_path / "shop.tar"
    run("import", "products", feeds / "products.jsonl", "--home", home)
    run("backup", file, "--home", home)
    elsewhere = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    told = run("restore", file, "--home", tmp_path / "new", "--store", elsewhere)
    assert "does not name that database" in told.output
    assert (tmp_path / "elsewhere.db").exists()
    assert not (tmp_path / "new" / "daogou.db").exists()


def test_a_restore_that_was_killed_halfway_is_finished_by_the_next_command(
    run: Callable[..., Result], feeds: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    run("import", "products", feeds / "products.jsonl", "--home", home)
    new = home / swapping.NEW
    new.mkdir()
    (new / "daogou.toml").write_text('[server]\nshop_name = "Restored"\n')
    (new / "READY").write_text('{"put": ["daogou.toml"], "drop": ["utterances.tsv"]}')
    assert run("search", "apple", "--home", home).exit_code == 0
    assert (home / "daogou.toml").exists()
    assert not new.exists()
