"""``daogou serve``: the shop over HTTP."""

import gc
import webbrowser

from rich.markup import escape

from daogou.assistant import Assistant
from daogou.cli.asking import open_engine
from daogou.cli.settings import Settings
from daogou.cli.terminal import out, waiting, warn
from daogou.server import create_app, listen, refuse_strangers, serve
from daogou.store import Store


def serve_command(settings: Settings, host: str | None, port: int | None, *, browser: bool) -> None:
    """Serve until Ctrl-C."""
    config = settings.server(host=host, port=port)
    # Taken before the shop is opened, which would be for nothing if the port were not free.
    with (
        listen(config) as listener,
        settings.open_llm() as llm,
        settings.open_store() as store,
    ):
        refuse_strangers(config, store)
        with waiting("Opening the shop"):
            engine = open_engine(settings, store)
            engine.warm_up()
            # What is there now stays: the collector need not walk over it again and again.
            gc.collect()
            gc.freeze()
        with engine:
            assistant = Assistant(engine, store, settings.assistant(), engine.knowledge, llm)
            app = create_app(engine, store, config, assistant)
            products = store.count_products()
            if engine.bundle_id is None:
                warn(
                    "no model is trained yet: search and popular products work, nothing is"
                    f" personal. Run `{settings.command('train')}`, then start again."
                )
            _tell_of_keys(settings, store)

            def up(address: str) -> None:
                trained = f"bundle {engine.bundle_id}" if engine.bundle_id else "no model yet"
                out.print(
                    f"\n[bold]{escape(config.shop_name)}[/] is open at"
                    f" [bold cyan]{address}[/]   ({products:,} products, {escape(trained)})",
                    soft_wrap=True,
                )
                out.print(
                    f"  API: {address}/openapi.json   health: {address}/readyz"
                    "\n  Stop with Ctrl-C.",
                    soft_wrap=True,
                )
                if browser:
                    webbrowser.open(address)

            serve(app, config, listener=listener, started=up)
    out.print("Stopped. What visitors did is in the store; the next `daogou train` learns from it.")


def _tell_of_keys(settings: Settings, store: Store) -> None:
    if not store.keyring().any_ever:
        warn(
            "there is no key yet: the server is open to whoever uses this machine, and to nobody"
            " else. Others are let in with keys:"
            f" `{settings.command('keys create --scope admin')}`."
        )
