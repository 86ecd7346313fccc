"""``daogou serve``: the shop over HTTP."""

import gc
import socket
import sys
import webbrowser
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection

from fastapi import FastAPI
from rich.markup import escape

from daogou.assistant import Assistant
from daogou.bundle import RemoteShelf
from daogou.cli.asking import open_engine
from daogou.cli.settings import Settings
from daogou.cli.terminal import INTERRUPTED, complain, err, out, waiting, warn
from daogou.engine import Engine, Follower
from daogou.engine.following import Outcome
from daogou.errors import BundleError, DaogouError
from daogou.server import ServerConfig, create_app, listen, refuse_strangers, serve
from daogou.server.metrics import Metrics
from daogou.server.workers import CANNOT_START, UP, Workers, end_with_parent
from daogou.store import Store


@dataclass(frozen=True, slots=True)
class Opened:
    """What a server says of itself once it answers."""

    address: str
    products: int
    bundle_id: str | None


def serve_command(settings: Settings, options: Mapping[str, object], *, browser: bool) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Parameters
    ----------
    options
        Of the command line, by the name of the setting; None is not given.
    """
    config = settings.server(**options)

    def up(opened: Opened) -> None:
        _tell(settings, config, opened)
        if browser:
            webbrowser.open(opened.address)

    # Taken before the shop is opened, which would be for nothing if the port were not free.
    with listen(config) as listener:
        with settings.open_store() as store:
            refuse_strangers(config, store)
            _tell_of_keys(settings, store)
        if config.workers == 1:
            with ExitStack() as opened:
                with waiting("Opening the shop"):
                    app = _open(settings, config, opened, say_what=True)
                serve(app.app, config, listener=listener, started=lambda at: up(app.told(at)))
        else:
            err.print(f"Opening the shop in {config.workers} workers ...", soft_wrap=True)
            Workers(config.workers, work, listener, settings, config).run(up, warn)
    out.print("Stopped. What visitors did is in the store; the next `daogou train` learns from it.")


def work(
    number: int,
    listener: socket.socket,
    pipe: Connection,
    settings: Settings,
    config: ServerConfig,
) -> None:
    """What each of several workers does."""
    end_with_parent(pipe)
    try:
        with ExitStack() as opened:
            app = _open(settings, config, opened, say_what=number == 0)
            serve(
                app.app,
                config,
                listener=listener,
                started=lambda address: pipe.send((UP, app.told(address))),
            )
    except DaogouError as error:
        complain(f"worker {number}: {error}")
        sys.exit(CANNOT_START)
    except KeyboardInterrupt:  # before it answered anything
        sys.exit(INTERRUPTED)


@dataclass(frozen=True, slots=True)
class _App:
    app: FastAPI
    engine: Engine
    products: int

    def told(self, address: str) -> Opened:
        return Opened(address, self.products, self.engine.bundle_id)


def _open(settings: Settings, config: ServerConfig, opened: ExitStack, *, say_what: bool) -> _App:
    """The shop, open and following its bundles; ``opened`` closes it."""
    llm = opened.enter_context(settings.open_llm())
    store = opened.enter_context(settings.open_store())
    bundles = settings.bundle_config()
    remote = RemoteShelf(bundles) if bundles.url else None
    if remote is not None:
        try:
            remote.fetch(settings.bundles)
        except BundleError as error:
            warn(f"{error} The bundle that is here is served meanwhile.")
    engine = opened.enter_context(open_engine(settings, store, passed_over=warn))
    engine.warm_up()
    # What is there now stays: the collector need not walk over it again and again.
    gc.collect()
    gc.freeze()
    metrics = Metrics(config.slow_request_seconds)
    assistant = Assistant(engine, store, settings.assistant(), engine.knowledge, llm)
    app = create_app(engine, store, config, assistant, metrics)

    def tell(outcome: Outcome, what: str) -> None:
        metrics.bundle(outcome)
        if outcome == "swapped" and say_what:
            out.print(f"Now serving bundle {escape(what)}.", soft_wrap=True)

    follower = Follower(
        engine, settings.bundles, bundles, remote=remote, tell=tell, tick=metrics.take_up
    )
    opened.enter_context(follower)
    return _App(app, engine, store.count_products())


def _tell(settings: Settings, config: ServerConfig, opened: Opened) -> None:
    if opened.bundle_id is None:
        warn(
            "no model is trained yet: search and popular products work, nothing is personal. Run"
            f" `{settings.command('train')}`; its bundle is taken up while the shop is open."
        )
    trained = f"bundle {opened.bundle_id}" if opened.bundle_id else "no model yet"
    workers = f", {config.workers} workers" if config.workers > 1 else ""
    out.print(
        f"\n[bold]{escape(config.shop_name)}[/] is open at [bold cyan]{opened.address}[/]"
        f"   ({opened.products:,} products, {escape(trained)}{workers})",
        soft_wrap=True,
    )
    out.print(
        f"  API: {opened.address}/openapi.json   health: {opened.address}/readyz"
        "\n  Stop with Ctrl-C.",
        soft_wrap=True,
    )


def _tell_of_keys(settings: Settings, store: Store) -> None:
    if not store.keyring().any_ever:
        warn(
            "there is no key yet: the server is open to whoever uses this machine, and to nobody"
            " else. Others are let in with keys:"
            f" `{settings.command('keys create --scope admin')}`."
        )
