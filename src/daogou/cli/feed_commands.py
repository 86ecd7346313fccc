"""What ``daogou import`` and its commands take, and what their help says."""

from typing import Annotated

import typer

from daogou.cli.options import Errors, FeedKind, Files, Home, KnowledgeFeedKind, StoreUrl
from daogou.cli.settings import DEFAULT_HOME, Settings
from daogou.cli.teaching import command, compose

feeds = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help=compose(
        """Load a catalogue, events or articles from files.

        A bad row costs only itself: it is reported with its line, field, value and remedy, and
        the others go in. Importing the same file twice changes nothing.""",
        {
            "Example": (
                "daogou import products catalogue.tsv",
                "daogou import events events.jsonl",
            ),
            "Next": ("daogou train",),
        },
    ),
)


@command(
    feeds,
    "daogou import products catalogue.tsv --errors bad.jsonl",
    then="daogou import events FILE",
    name="products",
)
def import_products(
    files: Files,
    home: Home = DEFAULT_HOME,
    store: StoreUrl = "",
    kind: FeedKind = None,
    errors: Errors = None,
) -> None:
    """Load a catalogue: Google Merchant TSV, JSONL or Parquet (docs/feeds.md).

    A product that is there already is replaced where it differs. A running server shows the
    change in its next answer.
    """
    from daogou.cli.importing import import_command

    if not import_command(Settings.load(home, store), "products", files, kind, errors):
        raise typer.Exit(1)


@command(feeds, "daogou import events events.jsonl", then="daogou train", name="events")
def import_events(
    files: Files,
    home: Home = DEFAULT_HOME,
    store: StoreUrl = "",
    kind: FeedKind = None,
    errors: Errors = None,
) -> None:
    """Load what visitors did: Google Retail user events as JSONL or Parquet (docs/feeds.md).

    Purchases teach most; views, carts and what was shown teach more. An event whose eventId is
    there already counts once.
    """
    from daogou.cli.importing import import_command

    if not import_command(Settings.load(home, store), "events", files, kind, errors):
        raise typer.Exit(1)


@command(
    feeds,
    "daogou import knowledge articles/*.md",
    "daogou import knowledge articles.jsonl",
    then="daogou serve",
    name="knowledge",
)
def import_knowledge(
    files: Files,
    home: Home = DEFAULT_HOME,
    store: StoreUrl = "",
    kind: KnowledgeFeedKind = None,
    errors: Errors = None,
) -> None:
    """Load articles: how to choose, use and store, policies; Markdown or JSONL (docs/knowledge.md).

    An article that is there already is replaced where it differs. A running server answers from it
    at once. Questions about one product come with the product, in its feed.
    """
    from daogou.cli.importing import import_command

    if not import_command(Settings.load(home, store), "knowledge", files, kind, errors):
        raise typer.Exit(1)


@command(feeds, "daogou import images", then="daogou train", name="images")
def import_images(
    home: Home = DEFAULT_HOME,
    store: StoreUrl = "",
    again: Annotated[
        bool, typer.Option("--again", help="Fetch what was fetched before anew.")
    ] = False,
) -> None:
    r"""Fetch the pictures of products whose images are web addresses.

    The first one of each product, into the shop's cache folder; nothing else of Daogou goes out to
    the web for them. Addresses of a private network are refused unless \[encoder] image_private
    says otherwise. Pictures in a folder of yours need no fetching: \[encoder] image_folder.
    """
    from daogou.cli.fetching import fetch_command

    if not fetch_command(Settings.load(home, store), again=again):
        raise typer.Exit(1)
