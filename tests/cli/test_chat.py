"""``daogou chat``: one message for scripts, a talk, a talk that is taken up again."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from daogou.cli import app


@pytest.fixture
def home(run: Callable[..., Result], feeds: Path, tmp_path: Path) -> Path:
    """A shop that has a catalogue and no bundle."""
    assert run("import", "products", feeds / "products.jsonl", "--home", tmp_path).exit_code == 0
    return tmp_path


def talk(home: Path, messages: str, *words: str) -> str:
    result = CliRunner().invoke(app, ["chat", "--home", str(home), *words], input=messages)
    assert result.exit_code == 0, result.output
    return result.output


def test_one_message_is_answered(run: Callable[..., Result], home: Path) -> None:
    result = run("chat", "--home", home, "--once", "red apple")
    assert result.exit_code == 0
    assert "red apple number" in result.output
    assert "$1" in result.output


def test_json_is_a_line_with_the_shape_of_the_contract(
    run: Callable[..., Result], home: Path
) -> None:
    result = run("chat", "--home", home, "--once", "蓝肥皂", "--json")
    told = json.loads(result.stdout.strip().splitlines()[-1])
    assert told["message"]["language"] == "zh"
    assert all(product["title"].startswith("蓝肥皂") for product in told["products"])


def test_a_number_presses_the_quick_reply(home: Path) -> None:
    output = talk(home, "red apple\nthe first one\n1\n1\n")
    assert "automated" in output
    assert "Add to cart" in output
    assert "It is in your cart" in output
    assert "Goodbye" in output


def test_a_talk_is_taken_up_again(home: Path) -> None:
    output = talk(home, "red apple\nunder $1.05\n")
    found = re.search(r"--resume (\S+)", output)
    assert found is not None
    again = talk(home, "what are my wishes?\n", "--resume", found[1])
    assert "$1.05" in again


def test_a_conversation_that_there_is_not(run: Callable[..., Result], home: Path) -> None:
    result = run("chat", "--home", home, "--resume", "nope")
    assert result.exit_code == 1
    assert "daogou chat" in result.output


def test_the_language_model_of_the_settings_is_asked(
    run: Callable[..., Result], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = home / "daogou.toml"
    settings.write_text('[llm]\nendpoint = "scripted:plain"\nseconds = 60\n')
    result = run("chat", "--home", home, "--once", "red apple", "--json")
    told = json.loads(result.stdout.strip().splitlines()[-1])
    assert told["diagnostics"]["llm"]["used"]
    assert "You might like red apple number" in talk(home, "red apple\n")
    doctor = run("doctor", "--home", home).output
    assert "language model" in doctor
    assert "scripted:plain" in doctor
    settings.write_text('[llm]\nendpoint = "http://127.0.0.1:9/v1"\nmodel = "m"\n')
    assert "unreachable" in run("doctor", "--home", home).output
    assert "$1" in talk(home, "red apple\n")
    settings.write_text(settings.read_text() + 'key_variable = "NO_SUCH_KEY"\n')
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    result = run("chat", "--home", home, "--once", "red apple")
    assert result.exit_code == 1
    assert "NO_SUCH_KEY" in result.output


def test_chinese_is_greeted_in_chinese(home: Path) -> None:
    assert "自动" in talk(home, "", "--language", "zh")
