"""What each command takes and what its help says.

The work is in a module for each command, imported when it runs: help is quick, serving needs no
torch, and the threads of BLAS can be told of before numpy is there.
"""

from pathlib import Path
from typing import Annotated, Final

import typer

from daogou import __version__
from daogou.cli.feed_commands import feeds
from daogou.cli.key_commands import keys
from daogou.cli.options import (
    Count,
    EffortOption,
    Filter,
    Home,
    Image,
    Lang,
    Placement,
    Port,
    Seed,
    StoreUrl,
    Visitor,
)
from daogou.cli.settings import DEFAULT_HOME, Settings
from daogou.cli.teaching import InOrder, command, compose
from daogou.cli.terminal import one_blas_thread, say
from daogou.errors import ConfigError

DEMO_HOME: Final = Path(".demo")

app = typer.Typer(
    name="daogou",
    cls=InOrder,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help=compose(
        """Daogou (导购): a self-hosted shopping guide. Search and recommendations, ranked by one
        jointly trained model.

        Everything of a shop is in one home folder: database, bundles, settings (daogou.toml).""",
        {
            "To see it at work": ("daogou demo",),
            "With a shop's data": (
                "daogou import products FILE",
                "daogou import events FILE",
                "daogou train",
                "daogou serve",
            ),
            "When something is odd": ("daogou doctor",),
        },
    ),
)
app.add_typer(feeds, name="import")
app.add_typer(keys, name="keys")


def main() -> None:
    """Run the command line."""
    app(prog_name="daogou")


def _show_version(wanted: bool) -> None:
    if wanted:
        say(f"daogou {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Say the version."),
    ] = False,
) -> None:
    del version


@command(app, "daogou demo --port 8080", then="daogou evaluate --home .demo")
def demo(
    home: Annotated[
        Path,
        typer.Option(
            help="The demo's folder; DAOGOU_HOME does not count here, so that the demo never mixes"
            " with a shop.",
            file_okay=False,
        ),
    ] = DEMO_HOME,
    effort: EffortOption = None,
    port: Port = None,
    serve: Annotated[bool, typer.Option(help="Serve the shop once it is ready.")] = True,
) -> None:
    """Open a real shop in one command: a year of purchases of 2,469 households.

    Makes the feeds from the data package, imports them as a merchant would, trains, and serves.
    What is done already is skipped, so a second run opens at once.
    """
    from daogou.cli.demo import demo_command

    demo_command(home, effort, port, serve=serve)


@command(app, "daogou train --effort standard", then="daogou serve")
def train(
    home: Home = DEFAULT_HOME,
    store: StoreUrl = "",
    effort: EffortOption = None,
    seed: Seed = None,
) -> None:
    """Learn from everything that was imported, and make the result the active bundle.

    One model for what comes next, what answers a query, and what is bought once shown. It stops
    early when the newest days get no better. An interrupted training goes on where it was when
    the command is given again. The last three bundles stay.
    """
    from daogou.cli.training import train_command

    train_command(Settings.load(home, store), effort, seed)


@command(app, "daogou evaluate --days 28 --json results.json", then="daogou train")
def evaluate(
    home: Home = DEFAULT_HOME,
    store: StoreUrl = "",
    days: Annotated[
        int, typer.Option(min=1, help="How many of the last days are to be predicted.")
    ] = 56,
    json: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where the rows go; picture and page go beside it. By default"
            " evaluation/evaluation.json in the home folder.",
            show_default=False,
        ),
    ] = None,
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Train even if a bundle of the same past is there.")
    ] = False,
    effort: EffortOption = None,
    seed: Seed = None,
) -> None:
    """Compare the joint model with simple ones on the last weeks, which it is not shown.

    Trains on the past, then ranks the whole catalogue for every later basket: popularity,
    personal frequency, item-to-item, EASE, and the joint model. Means with 95% intervals, also
    where the joint model loses. The shop's active bundle stays as it is.
    """
    from daogou.cli.evaluating import Ask, evaluate_command

    ask = Ask(days=days, json=json, retrain=retrain, effort=effort, seed=seed)
    evaluate_command(Settings.load(home, store), ask)


@command(app, "daogou serve --port 8080", then="docs/api.md, to ask it over HTTP")
def serve(
    home: Home = DEFAULT_HOME,
    store: StoreUrl = "",
    host: Annotated[
        str | None,
        typer.Option(
            help="The address to listen on; by default daogou.toml's, or 127.0.0.1, which this"
            " machine alone can reach.",
            show_default=False,
        ),
    ] = None,
    port: Port = None,
    browser: Annotated[bool, typer.Option("--open", help="Open the shop in the browser.")] = False,
) -> None:
    """Serve the shop: its pages, and the HTTP API under /v1 (docs/api.md).

    Uses the active bundle; without one it serves words and popularity. Prices, stock and events
    that come in show in the next answer.
    """
    one_blas_thread()
    from daogou.cli.serving import serve_command

    serve_command(Settings.load(home, store), host, port, browser=browser)


@command(
    app,
    'daogou search "semi skimmed milk" --visitor household-718',
    'daogou search 牛奶 --lang zh --filter "price: IN(*, 3)"',
    'daogou search "in blue, under $50" --image photo.jpg',
    then="daogou recommend goes-with --product ID",
)
def search(
    query: Annotated[str, typer.Argument(help="What to search for; empty browses.")] = "",
    home: Home = DEFAULT_HOME,
    store: StoreUrl = "",
    image: Image = None,
    visitor: Visitor = None,
    count: Count = 10,
    lang: Lang = "en",
    filter_: Filter = "",
    order: Annotated[
        str, typer.Option(help="Such as price, 'price desc', 'rating desc'.", show_default=False)
    ] = "",
) -> None:
    """Search on the terminal, by words, by a photo or by both, with the reason for each product."""
    one_blas_thread()
    from daogou.cli.asking import photo, search_command
    from daogou.engine import SearchRequest

    request = SearchRequest(
        query,
        visitor,
        page_size=count,
        filter=filter_,
        order_by=order,
        language=lang,
        image=photo(image) if image else None,
    )
    search_command(Settings.load(home, store), request)


@command(
    app,
    "daogou recommend home --visitor household-718",
    "daogou recommend goes-with --product ID --lang zh",
    then="daogou serve",
)
def recommend(
    placement: Annotated[Placement, typer.Argument(help="What the list is for.")] = "home",
    home: Home = DEFAULT_HOME,
    store: StoreUrl = "",
    visitor: Visitor = None,
    product: Annotated[
        list[str] | None,
        typer.Option(
            help="What the page is about: the product of similar and goes-with, the cart of cart;"
            " may be given several times.",
            show_default=False,
        ),
    ] = None,
    count: Count = 10,
    lang: Lang = "en",
    filter_: Filter = "",
) -> None:
    """Recommend on the terminal, with the reason for each product."""
    one_blas_thread()
    from daogou.cli.asking import recommend_command
    from daogou.engine import RecommendRequest
    from daogou.engine.requests import ANCHORED

    if placement in ANCHORED and not product:
        raise ConfigError(
            f"'{placement}' is about a product, and none was named. Name one with --product ID;"
            " `daogou search` finds it."
        )
    request = RecommendRequest(
        placement,
        visitor,
        product_ids=tuple(product or ()),
        page_size=count,
        filter=filter_,
        language=lang,
    )
    recommend_command(Settings.load(home, store), request)


@command(app, "daogou doctor --home .demo", then="what its last column says")
def doctor(home: Home = DEFAULT_HOME, store: StoreUrl = "") -> None:
    """Look into what is installed, stored and trained, and say what mends each fault.

    Exit code 0 where the shop can be served, 1 where it cannot.
    """
    one_blas_thread()
    from daogou.cli.doctor import doctor_command

    if not doctor_command(Settings.load(home, store)):
        raise typer.Exit(1)
