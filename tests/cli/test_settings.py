"""Where a shop is, and what its settings say."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from daogou.cli.settings import SECTIONS, Settings
from daogou.errors import ConfigError


def settings(tmp_path: Path, text: str = "", store: str = "") -> Settings:
    (tmp_path / "daogou.toml").write_text(text)
    return Settings.load(tmp_path, store)


def test_every_section_has_defaults(tmp_path: Path) -> None:
    made = settings(tmp_path)
    for section in SECTIONS:
        if section != "store":
            read = "bundle_config" if section == "bundles" else section
            assert getattr(made, read)() is not None
    assert made.database_url() == f"sqlite:///{tmp_path / 'daogou.db'}"


def test_the_command_line_goes_before_the_file(tmp_path: Path) -> None:
    text = '[store]\nurl = "sqlite:///a.db"\n[server]\nport = 9000\n[training]\nseed = 3'
    made = settings(tmp_path, text)
    assert made.database_url() == "sqlite:///a.db"
    assert settings(tmp_path, text, "sqlite:///b.db").database_url() == "sqlite:///b.db"
    assert (made.server().port, made.server(port=8080, host=None).port) == (9000, 8080)
    assert (made.training().seed, made.training(seed=0).seed) == (3, 0)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[sever]\nport = 1", "'server'"),
        ("[server]\nprot = 1", "'port'"),
        ('[server]\nport = "x"', "expected a int"),
        ("port = 8000", "not a section"),
        ("[server", "not valid TOML"),
    ],
)
def test_a_wrong_setting_is_one_message(
    run: Callable[..., Result], tmp_path: Path, text: str, named: str
) -> None:
    (tmp_path / "daogou.toml").write_text(text)
    result = run("serve", "--home", tmp_path)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert named in result.stderr
    assert "Traceback" not in result.output


def test_a_wrong_effort_is_told_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'quick'"):
        settings(tmp_path, '[training]\neffort = "quik"').training()


def test_commands_can_be_pasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings(Path("daogou-data"), "", {}).command("train") == "daogou train"
    assert Settings(Path("my shop"), "", {}).command("train") == "daogou train --home 'my shop'"
    monkeypatch.setenv("DAOGOU_HOME", str(tmp_path))
    assert Settings(tmp_path, "", {}).command("serve") == "daogou serve"


def test_a_password_is_not_printed(tmp_path: Path) -> None:
    made = Settings(tmp_path, "postgresql://me:secret@host/shop", {})
    assert "secret" not in made.command("train")
    assert "--store URL" in made.command("train")
