"""``daogou keys``: API keys, made, listed and revoked."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from rich.markup import escape
from rich.table import Table

from daogou.cli.settings import Settings
from daogou.cli.terminal import err, out, say
from daogou.errors import ConfigError, NotFound
from daogou.store import ApiKey, Scope

_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def create_command(
    settings: Settings, scope: Scope, name: str, expires: str | None, per_minute: int | None
) -> None:
    """Make a key; the key alone goes to standard output, so that a script can take it."""
    end = None if expires is None else datetime.now(UTC) + _duration(expires)
    with settings.open_store(create=True) as store:
        key, text = store.add_key(scope, name, expires=end, per_minute=per_minute)
    err.print(f"Key {key.id}, scope {key.scope}. It is not shown again:", soft_wrap=True)
    say(text)
    err.print(
        "Send it as 'Authorization: Bearer KEY'."
        f" To take it back: {escape(settings.command(f'keys revoke {key.id}'))}",
        soft_wrap=True,
    )


def list_command(settings: Settings) -> None:
    """Print all keys."""
    with settings.open_store() as store:
        keys = store.keys()
    if not keys:
        say(f"There is no key. {settings.command('keys create --scope admin')} makes one.")
        return
    table = Table("Id", "Scope", "Name", "A minute", "Created", "State")
    now = datetime.now(UTC)
    for key in keys:
        limit = "" if key.per_minute is None else f"{key.per_minute:,}"
        created = f"{key.created:%Y-%m-%d}"
        table.add_row(key.id, key.scope, escape(key.name), limit, created, _state(key, now))
    out.print(table)


def revoke_command(settings: Settings, key_id: str) -> None:
    """Revoke a key.

    Raises
    ------
    NotFound
        There is no key with this id.
    """
    with settings.open_store() as store:
        key = store.revoke_key(key_id)
    if key is None:
        # What was typed may be the key itself: it is not repeated.
        raise NotFound(
            "There is no key with that id; expected 12 digits and letters, such as 3f9a1c27b4d0."
            f" `{settings.command('keys list')}` has them."
        )
    say(f"Key {key.id} is revoked; running servers refuse it within a second.")


def _duration(text: str) -> timedelta:
    found = re.fullmatch(r"([1-9]\d{0,4})([hdw])", text)
    if found is None:
        raise ConfigError(
            f"--expires is {text!r}; expected a number of hours, days or weeks, such as 12h, 90d"
            " or 52w."
        )
    return int(found[1]) * _UNITS[found[2]]


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked is not None:
        return f"revoked {key.revoked:%Y-%m-%d %H:%M} UTC"
    if not key.is_in_force(now):
        return f"expired {key.expires:%Y-%m-%d %H:%M} UTC"
    return f"until {key.expires:%Y-%m-%d %H:%M} UTC" if key.expires else "in force"
