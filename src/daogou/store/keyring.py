"""The part of the store that keeps API keys."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from daogou.store import keys
from daogou.store.database import Database
from daogou.store.keys import ApiKey, Scope

log = logging.getLogger("daogou.access")


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys in force at one moment, by their ids, and whether there has ever been any."""

    keys: Mapping[str, ApiKey]
    any_ever: bool

    def find(self, text: str, now: datetime) -> ApiKey | None:
        """The key that ``text`` is; None where it is none, or none that is in force any more."""
        key = self.keys.get(keys.id_of(text) or "")
        return key if key is not None and key.fits(text) and key.is_in_force(now) else None


class KeyStore:
    """API keys, each method one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_key(
        self,
        scope: Scope,
        name: str = "",
        *,
        expires: datetime | None = None,
        per_minute: int | None = None,
    ) -> tuple[ApiKey, str]:
        """Make a key; returns what is kept of it, and the key itself, which nobody can tell again.

        Parameters
        ----------
        expires
            When it ceases to be accepted; None for never.
        per_minute
            How many requests it may send in a minute, whichever addresses they come from.

        Raises
        ------
        InvalidInput
            It cannot be made so, or there are too many.
        """
        key, text = keys.make(scope, name, per_minute, datetime.now(UTC), expires)
        with self._database.write() as connection:
            keys.add(connection, key)
        log.info("key %s was created: scope %s, name %r", key.id, key.scope, key.name)
        return key, text

    def keys(self) -> list[ApiKey]:
        """All keys that there ever were, oldest first."""
        with self._database.read() as connection:
            return keys.load(connection)

    def keyring(self) -> Keyring:
        """The keys in force now, and whether there has ever been any."""
        with self._database.read() as connection:
            there = keys.in_force(connection, datetime.now(UTC))
            any_ever = bool(there) or keys.any_ever(connection)
        return Keyring({key.id: key for key in there}, any_ever)

    def revoke_key(self, key_id: str) -> ApiKey | None:
        """Revoke a key for good; returns it as it then is, or None where there is none."""
        with self._database.write() as connection:
            key = keys.revoke(connection, key_id, datetime.now(UTC))
        if key is not None:
            log.info("key %s was revoked: scope %s, name %r", key.id, key.scope, key.name)
        return key
