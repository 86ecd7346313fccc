"""``daogou doctor``: what is there, what is missing, and what mends it."""

import platform
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Final, Literal

from rich.markup import escape
from rich.table import Table

from daogou.assistant.llm import Failed, LlmConfig, Reason, probe
from daogou.cli.asking import open_engine
from daogou.cli.packages import missing_modules, needed_packages
from daogou.cli.results import memory_bytes
from daogou.cli.settings import Settings
from daogou.cli.terminal import out, waiting, what_next
from daogou.engine import SearchRequest
from daogou.errors import DaogouError
from daogou.store import ApiKey, Store

State = Literal["good", "note", "bad"]
_SIGNS: Final[dict[State, str]] = {
    "good": "[green]✓[/]",
    "note": "[yellow]![/]",
    "bad": "[bold red]✗[/]",
}
_GB: Final = 1 << 30
ENOUGH_DISK: Final = 2 * _GB
ENOUGH_MEMORY: Final = 4 * _GB
SOON: Final = timedelta(days=14)
"""A key that expires within this is told of: time enough to put another in its place."""
_KEYS_TOLD: Final = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the examination; ``remedy`` is empty where all is well."""

    state: State
    what: str
    found: str
    remedy: str = ""


def doctor_command(settings: Settings) -> bool:
    """Examine, print, and say whether the shop can be served."""
    with waiting("Looking"):
        findings = list(examine(settings))
    table = Table("", "What", "Found", "What mends it", show_lines=False)
    for finding in findings:
        sign = _SIGNS[finding.state]
        table.add_row(sign, finding.what, escape(finding.found), escape(finding.remedy))
    out.print(table)
    healthy = all(finding.state != "bad" for finding in findings)
    if healthy:
        what_next((settings.command("serve"), "open the shop"))
    else:
        what_next((settings.command("doctor"), "look again, once the lines with ✗ are mended"))
    return healthy


def examine(settings: Settings) -> Iterator[Finding]:
    """All checks, from the ground up."""
    yield _python()
    yield _packages()
    yield _training()
    yield _disk(settings.home)
    yield _memory()
    for name, section in (
        ("[encoder]", settings.encoder),
        ("[engine]", settings.engine),
        ("[bundles]", settings.bundle_config),
        ("[server]", settings.server),
        ("[assistant]", settings.assistant),
        ("[llm]", settings.llm),
    ):
        yield from _section(name, section)
    yield _llm(settings)
    try:
        with settings.open_store() as store:
            yield from _store(settings, store)
            yield _bundle(settings, store)
    except DaogouError as error:
        yield Finding("bad", "store", "cannot be opened", str(error))


def _python() -> Finding:
    found = f"{platform.python_version()}, {platform.system()} {platform.machine()}"
    return Finding("good", "Python", found)


def _packages() -> Finding:
    packages = needed_packages()
    missing = [name for name, version in packages.items() if version is None]
    if missing:
        remedy = f"pip install {' '.join(missing)}"
        return Finding("bad", "packages", f"{', '.join(missing)} missing", remedy)
    return Finding("good", "packages", f"all {len(packages)} that serving needs")


def _training() -> Finding:
    missing = missing_modules("train")
    if missing:
        remedy = "Only `daogou train` and `evaluate` need them: pip install 'daogou[train]'"
        return Finding("note", "training", f"{', '.join(missing)} missing", remedy)
    return Finding("good", "training", "its packages are there")


def _disk(home: Path) -> Finding:
    there = next(p for p in (home.absolute(), *home.absolute().parents) if p.exists())
    free = shutil.disk_usage(there).free
    found = f"{free / _GB:.1f} GB free"
    if free < ENOUGH_DISK:
        return Finding("note", "disk", found, f"Free {ENOUGH_DISK / _GB:.0f} GB at {there}.")
    return Finding("good", "disk", found)


def _memory() -> Finding:
    memory = memory_bytes()
    if memory is None:
        return Finding("good", "memory", "this system does not say")
    found = f"{memory / _GB:.1f} GB"
    if memory < ENOUGH_MEMORY:
        remedy = "Serving will do; training a large shop takes 4 GB or more."
        return Finding("note", "memory", found, remedy)
    return Finding("good", "memory", found)


def _section(name: str, read: Callable[[], object]) -> Iterator[Finding]:
    try:
        read()
    except DaogouError as error:
        yield Finding("bad", f"daogou.toml {name}", "cannot be used", str(error))


def _llm(settings: Settings) -> Finding:
    """Ask the language model for one word, where there is one."""
    try:
        config = settings.llm()
        with settings.open_llm() as model:
            if model is None:
                return Finding("good", "language model", "none: the default engine answers alone")
            begun = time.perf_counter()
            spent = probe(model)
            seconds = time.perf_counter() - begun
    except Failed as failed:
        remedy = f"Shoppers get the default engine's answers meanwhile. {_REMEDIES[failed.reason]}"
        return Finding("note", "language model", f"{_at(config)}: {failed.reason}", remedy)
    except DaogouError as error:
        return Finding("bad", "language model", "cannot be used", str(error))
    found = f"{_at(config)} answers in {seconds:.1f} s ({spent.tokens} tokens for one word)"
    return Finding("good", "language model", found)


def _at(config: LlmConfig) -> str:
    return f"{config.model} at {config.endpoint}" if config.model else config.endpoint


_REMEDIES: Final[dict[Reason, str]] = {
    "time": "It took longer than [llm] seconds: raise them, or take a faster model.",
    "tokens": "[llm] tokens or answer_tokens are too few for one word: raise them.",
    "tools": "It asked for tools that it was not offered: take another model.",
    "unknown tool": "It asked for tools that it was not offered: take another model.",
    "unreachable": "Nothing answers there: check [llm] endpoint, and that the service runs.",
    "status": "It refused: check [llm] model, and the key in the variable of key_variable.",
    "garbled": "What answers is no OpenAI-compatible service: check the path of [llm] endpoint.",
    "empty": "It said nothing: a model that thinks first needs more [llm] answer_tokens.",
    "ungrounded": "",
    "broken": "The log says what was raised.",
}


def _store(settings: Settings, store: Store) -> Iterator[Finding]:
    products, events = store.count_products(), store.count_events()
    yield Finding("good", "store", f"{store.url}, tables up to date")
    yield from _keys(settings, store)
    yield (
        Finding("good", "products", f"{products:,}")
        if products
        else Finding("bad", "products", "none", settings.command("import products FILE"))
    )
    told = ", ".join(f"{count:,} {kind}" for kind, count in sorted(events.items()))
    if "purchase-complete" in events:
        yield Finding("good", "events", f"{told}; {store.count_visitors():,} visitors")
    else:
        remedy = f"Purchases are what a model learns from: {settings.command('import events FILE')}"
        yield Finding("note", "events", told or "none", remedy)


def _keys(settings: Settings, store: Store) -> Iterator[Finding]:
    """Say who is let in; whether a wrong ``[server]`` section is one is found elsewhere."""
    now = datetime.now(UTC)
    keys = store.keys()
    told = Counter(key.scope for key in keys if key.is_in_force(now))
    if told:
        scopes = ", ".join(f"{count} {scope}" for scope, count in sorted(told.items()))
        yield Finding("good", "keys", f"in force: {scopes}")
    elif keys:
        remedy = settings.command("keys create --scope admin")
        yield Finding("note", "keys", "none in force: merchants are locked out", remedy)
    else:
        yield Finding("good", "keys", "none: open to this machine, and nobody else is let in")
    yield from _ending_keys(settings, keys, now)


def _ending_keys(settings: Settings, keys: list[ApiKey], now: datetime) -> Iterator[Finding]:
    """Tell of keys that end soon or have ended; whoever revokes one has done with it."""
    ends = sorted(
        ((key.expires, key) for key in keys if key.expires is not None and key.revoked is None),
        key=itemgetter(0),
    )
    make, revoke = settings.command("keys create"), settings.command("keys revoke ID")
    soon = [key for end, key in ends if now < end <= now + SOON]
    if soon:
        remedy = f"Make another ({make}), put it where the old one is, then {revoke}"
        yield Finding("note", "keys that expire soon", _named(soon), remedy)
    past = [key for end, key in reversed(ends) if end <= now]
    if past:
        remedy = f"Whoever still sends it is refused: {make}. Else be done with it: {revoke}"
        yield Finding("note", "expired keys", _named(past), remedy)


def _named(keys: list[ApiKey]) -> str:
    told = [
        f"{key.id} ({key.scope}{key.name and f', {key.name}'}): {key.expires:%Y-%m-%d %H:%M} UTC"
        for key in keys[:_KEYS_TOLD]
    ]
    more = len(keys) - len(told)
    return "; ".join([*told, f"and {more} more"] if more else told)


def _bundle(settings: Settings, store: Store) -> Finding:
    """Open the shop as the server does, and search once."""
    try:
        with open_engine(settings, store) as engine:
            engine.search(SearchRequest(query="", page_size=1))
            engine.search(SearchRequest(query="milk", page_size=1))
            bundle = engine.bundle_id
    except DaogouError as error:
        return Finding("bad", "bundle", "cannot be served", str(error))
    if bundle is None:
        return Finding("note", "bundle", "none yet", settings.command("train"))
    return Finding("good", "bundle", f"{bundle}: whole, fits its text encoder, answers")
