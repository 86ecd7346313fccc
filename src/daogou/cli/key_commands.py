"""What ``daogou keys`` and its commands take, and what their help says."""

from typing import Annotated

import typer

from daogou.cli.options import Home, KeyScope, StoreUrl
from daogou.cli.settings import DEFAULT_HOME, Settings
from daogou.cli.teaching import command, compose

keys = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help=compose(
        """Make, list and revoke API keys (docs/access.md).

        Without any key the server answers its own machine alone, and asks for none. A running
        server knows of a change within a second.""",
        {
            "Example": ("daogou keys create --scope admin", "daogou keys list"),
            "Next": ("daogou serve --host 0.0.0.0",),
        },
    ),
)


@command(
    keys,
    "daogou keys create --scope shopper --name website --expires 90d",
    then="daogou serve --host 0.0.0.0",
    name="create",
)
def create_key(
    scope: Annotated[
        KeyScope,
        typer.Option(
            help="What it may do: what shoppers do, what the merchant does, or everything.",
            show_default=False,
        ),
    ],
    home: Home = DEFAULT_HOME,
    store: StoreUrl = "",
    name: Annotated[str, typer.Option(help="Whose it is.", show_default=False)] = "",
    expires: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="When it ends, such as 12h, 90d or 52w.", show_default=False
        ),
    ] = None,
    per_minute: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="How many requests it may send in a minute, from whichever address.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Make a key and print it: once, since only its hash is kept.

    A key of the scope shopper may stand in a page; the others belong on servers alone.
    """
    from daogou.cli.keys import create_command

    create_command(Settings.load(home, store), scope, name, expires, per_minute)


@command(keys, "daogou keys list", then="daogou keys revoke ID", name="list")
def list_keys(home: Home = DEFAULT_HOME, store: StoreUrl = "") -> None:
    """List all keys that there ever were, without the keys themselves."""
    from daogou.cli.keys import list_command

    list_command(Settings.load(home, store))


@command(keys, "daogou keys revoke 3f9a1c27b4d0", then="daogou keys list", name="revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As the list has it.")],
    home: Home = DEFAULT_HOME,
    store: StoreUrl = "",
) -> None:
    """Revoke a key for good; running servers refuse it within a second."""
    from daogou.cli.keys import revoke_command

    revoke_command(Settings.load(home, store), key_id)
