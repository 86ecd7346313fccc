"""API keys on the terminal: made and shown once, listed, revoked, looked after by the doctor."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from typer.testing import Result

from daogou.store import ApiKey, Scope, Store
from daogou.store.keys import PATTERN
from daogou.store.tables import api_keys

Run = Callable[..., Result]
YEAR_2000: Final = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder where there is nothing yet: keys come before the first import."""
    return tmp_path / "home"


def create(run: Run, home: Path, *words: object) -> str:
    """The key that is made, as a script takes it: all of standard output."""
    result = run("keys", "create", *words, "--home", home)
    assert result.exit_code == 0, result.output
    text = result.stdout.removesuffix("\n")
    assert PATTERN.fullmatch(text), "nothing but the key is on standard output"
    return text


def id_of(text: str) -> str:
    return text.split("_")[2]


def keys(home: Path) -> list[ApiKey]:
    with Store.open(f"sqlite:///{home / 'daogou.db'}", create=False) as store:
        return store.keys()


def opens(home: Path, text: str, scope: Scope) -> bool:
    """Whether the server would take it for a key of this scope."""
    with Store.open(f"sqlite:///{home / 'daogou.db'}", create=False) as store:
        key = store.keyring().find(text, datetime.now(UTC))
    return key is not None and key.scope == scope


def expire(home: Path, key_id: str, when: datetime) -> None:
    """Have a key end at another time: nobody can make one that has ended already."""
    change = api_keys.update().where(api_keys.c.id == key_id)
    with (
        Store.open(f"sqlite:///{home / 'daogou.db'}", create=False) as store,
        store._database.write() as connection,
    ):
        connection.execute(change.values(expires=round(when.timestamp() * 1e6)))


def findings(result: Result) -> dict[str, str]:
    """What the doctor found and what mends it, by what it looked at; folded cells are whole."""
    rows: list[list[str]] = []
    for line in result.stdout.splitlines():
        if line.startswith("│"):
            cells = [cell.strip() for cell in line.strip("│").split("│")]
            if cells[0]:
                rows.append(cells)
            else:
                rows[-1] = [" ".join(pair).strip() for pair in zip(rows[-1], cells, strict=True)]
    return {what: f"{found} | {remedy}" for _, what, found, remedy in rows}


@pytest.mark.parametrize("scope", ["shopper", "merchant", "admin"])
def test_a_key_is_made_and_is_all_of_standard_output(run: Run, home: Path, scope: Scope) -> None:
    text = create(run, home, "--scope", scope)
    assert text.startswith(f"daogou_{scope}_")
    assert opens(home, text, scope)
    assert not opens(home, text[:-1] + ("a" if text[-1] != "a" else "b"), scope)


def test_what_is_told_beside_the_key(run: Run, home: Path) -> None:
    told = run("keys", "create", "--scope", "merchant", "--home", home)
    key_id = id_of(told.stdout)
    assert f"Key {key_id}, scope merchant. It is not shown again:" in told.stderr
    assert "Authorization: Bearer KEY" in told.stderr
    remedy = re.search(r"daogou (keys revoke \w+) --home ", told.stderr)
    assert remedy is not None
    assert run(*remedy[1].split(), "--home", home).exit_code == 0
    assert not opens(home, told.stdout.strip(), "merchant")


def test_a_key_is_shown_once(run: Run, home: Path) -> None:
    text = create(run, home, "--scope", "admin", "--name", "ops")
    secret = text.split("_", 3)[3]
    for words in (("keys", "list"), ("doctor",), ("keys", "revoke", id_of(text)), ("keys", "list")):
        told = run(*words, "--home", home)
        assert secret not in told.output, words
    assert secret not in run("keys", "revoke", text, "--home", home).output
    for file in home.rglob("*"):
        assert file.is_dir() or secret.encode() not in file.read_bytes(), file


def test_the_list_tells_all_but_the_key(run: Run, home: Path) -> None:
    create(run, home, "--scope", "admin", "--name", "ops [red]night[/red]")
    limited = create(
        run, home, "--scope", "shopper", "--name", "网站", "--per-minute", 1500, "--expires", "2w"
    )
    gone = create(run, home, "--scope", "merchant")
    run("keys", "revoke", id_of(gone), "--home", home)
    told = run("keys", "list", "--home", home)
    assert told.exit_code == 0
    rows = [line for line in told.stdout.splitlines() if line.startswith("│")]
    assert len(rows) == 3, "one line each"
    assert "ops [red]night[/red]" in rows[0]
    assert "in force" in rows[0]
    until = datetime.now(UTC) + timedelta(weeks=2)
    for part in (id_of(limited), "shopper", "网站", "1,500", f"until {until:%Y-%m-%d}"):
        assert part in rows[1]
    assert f"revoked {datetime.now(UTC):%Y-%m-%d}" in rows[2]


def test_a_limit_and_an_end_are_kept(run: Run, home: Path) -> None:
    before = datetime.now(UTC)
    spans = {"12h": timedelta(hours=12), "90d": timedelta(days=90), "52w": timedelta(weeks=52)}
    for words in spans:
        create(run, home, "--scope", "shopper", "--expires", words, "--per-minute", 60)
    after = datetime.now(UTC)
    made = keys(home)
    assert [key.per_minute for key in made] == [60, 60, 60]
    for key, span in zip(made, spans.values(), strict=True):
        assert key.expires is not None
        assert before <= key.expires - span <= after
    create(run, home, "--scope", "admin")
    assert (keys(home)[-1].per_minute, keys(home)[-1].expires) == (None, None)


def test_an_expired_key_is_none_and_says_so(run: Run, home: Path) -> None:
    text = create(run, home, "--scope", "admin", "--expires", "1h")
    expire(home, id_of(text), YEAR_2000)
    assert not opens(home, text, "admin")
    assert "expired 2000-01-01 00:00 UTC" in run("keys", "list", "--home", home).stdout


def test_revoking_tells_and_keeps_the_first_time(run: Run, home: Path) -> None:
    text = create(run, home, "--scope", "admin")
    told = run("keys", "revoke", id_of(text), "--home", home)
    assert told.exit_code == 0
    assert f"Key {id_of(text)} is revoked; running servers refuse it within a second." in (
        told.stdout
    )
    assert not opens(home, text, "admin")
    [first] = keys(home)
    assert run("keys", "revoke", id_of(text), "--home", home).exit_code == 0
    assert keys(home) == [first]


def test_without_a_key_the_way_to_one_is_told(run: Run, home: Path, feeds: Path) -> None:
    nothing = run("keys", "list", "--home", home)
    assert nothing.exit_code == 1
    assert "daogou import" in nothing.stderr
    assert not home.exists(), "a list makes nothing"
    run("import", "products", feeds / "products.jsonl", "--home", home)
    told = run("keys", "list", "--home", home)
    assert told.exit_code == 0
    assert "There is no key. daogou keys create --scope admin --home" in told.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--expires", "soon"], "--expires is 'soon'; expected a number of hours, days or weeks"),
        (["--expires", "0d"], "--expires is '0d'; expected"),
        (["--expires", "-3d"], "--expires is '-3d'; expected"),
        (["--expires", "90"], "such as 12h, 90d or 52w"),
        (["--per-minute", "1000001"], "per_minute is 1000001; expected 1 to 1,000,000 requests"),
        (["--name", "x" * 101], "expected 100 printable characters at most"),
        (["--name", "two\nlines"], r"name is 'two\nlines'; expected"),
    ],
)
def test_what_cannot_be_a_key(run: Run, home: Path, words: list[str], told: str) -> None:
    result = run("keys", "create", "--scope", "admin", *words, "--home", home)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert told in result.stderr
    assert not home.exists() or not keys(home)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["create"], "--scope"),
        (["create", "--scope", "boss"], "'boss' is not one of 'shopper', 'merchant', 'admin'"),
        (["create", "--scope", "admin", "--per-minute", "0"], "Invalid value for '--per-minute'"),
        (["revoke"], "ID"),
    ],
)
def test_words_that_are_no_command(run: Run, home: Path, words: list[str], told: str) -> None:
    result = run("keys", *words, "--home", home)
    assert result.exit_code == 2
    assert told in " ".join(re.sub(r"[│╭╮╰╯─]", " ", result.stderr).split())
    assert not home.exists()


@pytest.mark.parametrize("typed", ["3f9a1c27b4d0", "", "ops", "\ud800", "x" * 500])
def test_a_key_that_is_not_there(run: Run, home: Path, typed: str) -> None:
    create(run, home, "--scope", "admin")
    result = run("keys", "revoke", typed, "--home", home)
    assert result.exit_code == 1
    assert "There is no key with that id; expected 12 digits and letters" in result.stderr
    assert "daogou keys list" in result.stderr
    assert [key.revoked for key in keys(home)] == [None]


def test_the_doctor_tells_of_keys_that_end(run: Run, home: Path) -> None:
    create(run, home, "--scope", "admin", "--name", "ops")
    later = create(run, home, "--scope", "shopper", "--name", "website", "--expires", "15d")
    told = findings(run("doctor", "--home", home))
    assert told["keys"].startswith("in force: 1 admin, 1 shopper |")
    assert "expire" not in "".join(told)
    expire(home, id_of(later), datetime.now(UTC) + timedelta(days=13))
    soon = findings(run("doctor", "--home", home))["keys that expire soon"]
    assert f"{id_of(later)} (shopper, website): 20" in soon
    assert "put it where the old one is" in soon
    expire(home, id_of(later), YEAR_2000)
    told = findings(run("doctor", "--home", home))
    assert told["keys"].startswith("in force: 1 admin |")
    past = f"{id_of(later)} (shopper, website): 2000-01-01 00:00 UTC"
    assert past in told["expired keys"]
    assert "daogou keys revoke ID" in told["expired keys"]
    assert "keys that expire soon" not in told
    run("keys", "revoke", id_of(later), "--home", home)
    told = findings(run("doctor", "--home", home))
    assert "expire" not in "".join(told), "whoever revokes is done with it"


def test_the_doctor_names_the_next_three(run: Run, home: Path) -> None:
    made = [create(run, home, "--scope", "shopper", "--expires", f"{n}h") for n in (5, 2, 4, 1, 3)]
    told = findings(run("doctor", "--home", home))["keys that expire soon"]
    assert re.findall(r"[0-9a-f]{12}", told) == [id_of(made[n]) for n in (3, 1, 4)]
    assert "and 2 more" in told


def test_the_doctor_says_when_nobody_is_let_in(run: Run, home: Path, feeds: Path) -> None:
    run("import", "products", feeds / "products.jsonl", "--home", home)
    assert "none: open to this machine" in findings(run("doctor", "--home", home))["keys"]
    text = create(run, home, "--scope", "admin")
    run("keys", "revoke", id_of(text), "--home", home)
    told = findings(run("doctor", "--home", home))["keys"]
    assert "none in force: merchants are locked out" in told
    assert "daogou keys create --scope admin" in told
