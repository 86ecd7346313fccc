"""``daogou demo``: the real shop from nothing to an open door, each step done once."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import orjson
from rich.table import Table

from daogou import __version__
from daogou.bundle import Bundle
from daogou.cli import training
from daogou.cli.importing import What, import_files, tell
from daogou.cli.packages import require
from daogou.cli.settings import FILE, Settings
from daogou.cli.shoppers import pick_shoppers
from daogou.cli.terminal import Stages, err, out, seconds, what_next
from daogou.demo import build_feeds, demo_articles, demo_controls
from daogou.errors import ConfigError, FeedError
from daogou.feeds import write_articles_jsonl
from daogou.store import Store

SHOP_NAME: Final = "Daogou Market"
_COUNTED: Final = " events"


class Steps:
    """What was done, and how long each step took; None where it was done before."""

    def __init__(self) -> None:
        self.seconds: dict[str, float | None] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step."""
        err.rule(name, align="left")
        begun = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - begun

    def skip(self, name: str) -> None:
        """Note that a step was done before."""
        self.seconds[name] = None

    def table(self) -> Table:
        """The steps with their times."""
        table = Table("Step", "Time", title="The demo shop is ready")
        table.columns[1].justify = "right"
        for name, spent in self.seconds.items():
            table.add_row(name, "done before" if spent is None else seconds(spent))
        done = sum(spent for spent in self.seconds.values() if spent is not None)
        table.add_row("All", seconds(done), style="bold")
        return table


def demo_command(home: Path, effort: str | None, port: int | None, *, serve: bool) -> None:
    """Make whatever is not there yet, then serve it."""
    require("demo", "The demo shop")
    require("train", "The demo shop")
    settings, steps = Settings.load(home), Steps()
    counts = _feeds(settings, steps)
    _import(settings, steps, counts)
    _import_knowledge(settings, steps)
    _settle(settings)
    _train(settings, steps, effort)
    out.print(steps.table())
    what_next(
        (settings.command("serve"), "open the shop again, later"),
        (settings.command("evaluate"), "compare the model with simple ones"),
        (settings.command("search milk --visitor household-718"), "search as a household"),
    )
    if serve:
        _serve(home, port)


def _feeds(settings: Settings, steps: Steps) -> Mapping[str, int]:
    """Write the feeds, unless this version of the code has; returns what is in them."""
    folder = settings.home / "feeds"
    note = folder / "built.json"
    known: dict[str, Any] = orjson.loads(note.read_bytes()) if note.exists() else {}
    files = [folder / name for name in ("products.jsonl", "events.parquet")]
    if known.get("daogou") == __version__ and all(file.exists() for file in files):
        steps.skip("Making the feeds")
        counts: Mapping[str, int] = known["counts"]
        return counts
    if not known:
        _refuse_another_shop(settings)
    with steps.step("Making the feeds"), Stages() as stages:
        feeds = build_feeds(folder, lambda step, _done, _total: stages.stage(step, 0, 1))
        counts = dict(feeds.counts)
    # Written last: a build that was cut off is done again.
    note.write_bytes(orjson.dumps({"daogou": __version__, "counts": counts}))
    return counts


def _refuse_another_shop(settings: Settings) -> None:
    if not (settings.home / "daogou.db").exists():
        return
    with settings.open_store(create=True) as store:
        if store.count_products():
            raise ConfigError(
                f"{settings.home} holds a shop that is not the demo; the demo would be mixed into"
                " it. Choose another folder, such as --home .demo."
            )


def _import(settings: Settings, steps: Steps, counts: Mapping[str, int]) -> None:
    files: dict[What, str] = {"products": "products.jsonl", "events": "events.parquet"}
    with settings.open_store(create=True) as store:
        there = _has_all(store, counts)
        for what, name in files.items():
            step = f"Importing {what}"
            if there:
                steps.skip(step)
                continue
            with steps.step(step):
                reports = import_files(store, what, [settings.home / "feeds" / name])
            if not reports:
                raise FeedError(
                    f"The demo's {name} cannot be read. Delete {settings.home / 'feeds'} and run"
                    " `daogou demo` again: it is made anew."
                )
            tell(reports[0], what)


def _import_knowledge(settings: Settings, steps: Steps) -> None:
    """Write the shop's articles as a feed and import it, unless all of them are there."""
    articles = list(demo_articles())
    with settings.open_store(create=True) as store:
        if store.count_articles() >= len(articles):
            steps.skip("Importing knowledge")
            return
        with steps.step("Importing knowledge"):
            file = settings.home / "feeds" / "knowledge.jsonl"
            write_articles_jsonl(file, articles)
            reports = import_files(store, "knowledge", [file])
        tell(reports[0], "knowledge")


def _has_all(store: Store, counts: Mapping[str, int]) -> bool:
    """Say whether all events are there; they come last, so the products are too."""
    there = store.count_events()
    wanted = {k.removesuffix(_COUNTED): n for k, n in counts.items() if k.endswith(_COUNTED)}
    return bool(wanted) and all(there.get(kind, 0) >= n for kind, n in wanted.items())


def _settle(settings: Settings) -> None:
    """Write the shop's ``daogou.toml`` and put its controls, unless that was done."""
    path = settings.home / FILE
    if path.exists():
        return
    with settings.open_store() as store, Stages() as stages:
        stages.stage("choosing households to shop as", 0, 1)
        shoppers = pick_shoppers(store)
        for control in demo_controls():
            store.put_control(control)
    # A JSON string is a TOML string too.
    listed = "".join(f"  {json.dumps(text, ensure_ascii=False)},\n" for text in shoppers)
    path.write_text(
        "# The demo shop. docs/configuration.md lists all settings.\n\n[server]\n"
        f'shop_name = "{SHOP_NAME}"\ncurrency = "USD"\nshoppers = [\n{listed}]\n',
        encoding="utf-8",
    )


def _train(settings: Settings, steps: Steps, effort: str | None) -> None:
    step = "Training"
    if Bundle.current(settings.bundles, verify=False) is not None:
        steps.skip(step)
        return
    with steps.step(step):
        trained = training.train_shop(settings, effort, None)
    training.tell(trained)


def _serve(home: Path, port: int | None) -> None:
    """Become ``daogou serve``: what building and training took of memory is given back."""
    command = [sys.executable, "-m", "daogou", "serve", "--home", str(home)]
    if port is not None:
        command += ["--port", str(port)]
    if _has_a_screen():
        command.append("--open")
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "nt":
        # Windows would give the terminal back while the new process runs on.
        raise SystemExit(subprocess.call(command))  # noqa: S603  # ourselves
    os.execv(command[0], command)  # noqa: S606  # ourselves


def _has_a_screen() -> bool:
    shows = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    return shows and sys.stdout.isatty()
