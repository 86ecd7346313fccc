"""Options that several commands share."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from daogou.cli.settings import HOME_VARIABLE, STORE_VARIABLE

# Each is also listed where it is used, in packages that are too heavy to import for a help text;
# a test compares them.
Effort = Literal["quick", "standard", "best"]
Kind = Literal["google-tsv", "jsonl", "parquet"]
KnowledgeKind = Literal["markdown", "jsonl"]
Placement = Literal["home", "similar", "goes-with", "buy-again", "cart"]
Language = Literal["en", "zh"]
KeyScope = Literal["shopper", "merchant", "admin"]

Home = Annotated[
    Path,
    typer.Option(
        envvar=HOME_VARIABLE,
        help="The shop's folder: database, bundles, daogou.toml.",
        file_okay=False,
    ),
]
StoreUrl = Annotated[
    str,
    typer.Option(
        envvar=STORE_VARIABLE,
        metavar="URL",
        help="The database, such as postgresql://user:password@host/name, where it is neither the"
        " one in the home folder nor the one that daogou.toml names.",
        show_default=False,
    ),
]
Files = Annotated[
    list[Path],
    typer.Argument(metavar="FILE...", help="One or more feed files.", show_default=False),
]
FeedKind = Annotated[
    Kind | None,
    typer.Option(
        help="The kind of the files, where their names do not say it.", show_default=False
    ),
]
KnowledgeFeedKind = Annotated[
    KnowledgeKind | None,
    typer.Option(
        "--kind",
        help="The kind of the files, where their names do not say it.",
        show_default=False,
    ),
]
Errors = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Write the bad rows there as JSONL (the first 100 of each file).",
        show_default=False,
    ),
]
EffortOption = Annotated[
    Effort | None,
    typer.Option(
        help="How much to spend: sizes, epochs and examples follow from it. By default what"
        " daogou.toml says, or quick.",
        show_default=False,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        help="Of everything that is drawn; by default daogou.toml's, or 0.", show_default=False
    ),
]
Port = Annotated[
    int | None,
    typer.Option(
        envvar="PORT", min=0, max=65535, help="Where to listen; by default daogou.toml's, or 8000.",
        show_default=False,
    ),
]  # fmt: skip
Visitor = Annotated[
    str | None, typer.Option(help="Answer for this visitor, from what it did.", show_default=False)
]
Count = Annotated[int, typer.Option("--count", "-n", min=1, max=1000, help="How many products.")]
Filter = Annotated[
    str,
    typer.Option(
        "--filter",
        help="""Only what passes, such as 'price: IN(*, 5) AND brand: ANY("Alto")'.""",
        show_default=False,
    ),
]
Image = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="A photo: what looks like it is found, and the words narrow that.",
        dir_okay=False,
        show_default=False,
    ),
]
Lang = Annotated[Language, typer.Option(help="Language of titles and reasons.")]
Resume = Annotated[
    str | None,
    typer.Option(
        metavar="ID",
        help="Go on with a conversation; its id is said when it is left.",
        show_default=False,
    ),
]
Once = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT", help="Answer one message and leave: for scripts.", show_default=False
    ),
]
