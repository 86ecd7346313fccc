"""What ``daogou bundles`` and its commands take, and what their help says."""

from typing import Annotated

import typer

from daogou.cli.options import Force, Home, StoreUrl
from daogou.cli.settings import DEFAULT_HOME, Settings
from daogou.cli.teaching import command, compose
from daogou.cli.terminal import one_blas_thread

bundles = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help=compose(
        """See what was trained, choose what is served, go back.

        Each training makes a bundle, a folder that never changes; one of them is active. A running
        server takes up another one within seconds, between two requests.""",
        {
            "Example": ("daogou bundles list", "daogou bundles rollback"),
            "Next": ("docs/bundles.md",),
        },
    ),
)
BundleId = Annotated[
    str, typer.Argument(metavar="ID", help="As `daogou bundles list` has it.", show_default=False)
]


@command(bundles, "daogou bundles list", then="daogou bundles show ID", name="list")
def list_bundles(home: Home = DEFAULT_HOME) -> None:
    """List the bundles, the newest first: which is active, its size, and what it has reached."""
    from daogou.cli.bundling import list_command

    list_command(Settings.load(home))


@command(bundles, "daogou bundles show ID", then="daogou bundles activate ID", name="show")
def show_bundle(bundle_id: BundleId, home: Home = DEFAULT_HOME) -> None:
    """Show what a bundle was trained with and what it has reached, and compare its hashes."""
    from daogou.cli.bundling import show_command

    show_command(Settings.load(home), bundle_id)


@command(bundles, "daogou bundles activate ID", then="daogou bundles rollback", name="activate")
def activate_bundle(
    bundle_id: BundleId, home: Home = DEFAULT_HOME, store: StoreUrl = "", force: Force = False
) -> None:
    """Make a bundle the active one, after the same checks as `daogou train`.

    Its hashes are compared, its parts with one another, and a few searches and recommendations
    have to be answered; its metrics must not be worse than the active one's beyond the margin.
    """
    one_blas_thread()
    from daogou.cli.bundling import activate_command

    activate_command(Settings.load(home, store), bundle_id, force=force)


@command(bundles, "daogou bundles rollback", then="daogou bundles list", name="rollback")
def roll_back(home: Home = DEFAULT_HOME) -> None:
    """Make the bundle active again that was so before; given again, the one before that."""
    from daogou.cli.bundling import rollback_command

    rollback_command(Settings.load(home))


@command(bundles, "daogou bundles prune --keep 2", then="daogou bundles list", name="prune")
def prune_bundles(
    home: Home = DEFAULT_HOME,
    keep: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="How many stay, the active one among them; by default daogou.toml's, or 3.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Delete all but the active and the newest bundles, and what killed trainings have left.

    `daogou train` does so itself.
    """
    from daogou.cli.bundling import prune_command

    prune_command(Settings.load(home), keep)
