"""``daogou import images``: products' pictures from their web addresses."""

from typing import Final

from rich.markup import escape
from rich.table import Table

from daogou.cli.packages import require
from daogou.cli.settings import Settings
from daogou.cli.terminal import Stages, out, say, warn, what_next
from daogou.encoders import FetchReport, fetch_pictures
from daogou.encoders.product_images import FETCHED, is_web

_SHOWN: Final = 10


def fetch_command(settings: Settings, *, again: bool) -> bool:
    """Fetch, report, and say whether there is at least one picture."""
    require("images", "Reading pictures")
    config = settings.encoder()
    with settings.open_store() as store:
        firsts = [product.images[0] for product in store.iter_products() if product.images]
    addresses = [uri for uri in firsts if is_web(uri)]
    with Stages() as stages:
        report = fetch_pictures(
            addresses,
            settings.cache / FETCHED,
            timeout=config.image_timeout,
            private=config.image_private,
            again=again,
            progress=lambda done, total: stages.stage("fetching pictures", done, total),
        )
    tell(report)
    if len(addresses) < len(firsts):
        files = len(firsts) - len(addresses)
        say(f"{files:,} products have a file for a picture, which [encoder] image_folder is for.")
    if not report.addresses:
        warn("no product has a web address for a picture, so there was nothing to fetch.")
        return bool(firsts)
    if config.images == "off":
        warn('pictures are not looked at: [encoder] images is "off".')
    what_next(
        (settings.command("train"), "look at the pictures; search by photo then finds the products")
    )
    return report.fetched + report.kept > 0


def tell(report: FetchReport) -> None:
    """Print what became of the addresses."""
    bad = len(report.faults)
    say(
        f"{report.addresses:,} pictures: {report.fetched:,} fetched, {report.kept:,} there already,"
        f" {bad:,} could not be had"
    )
    if not bad:
        return
    table = Table("Address", "What is wrong", title=f"The first {min(bad, _SHOWN)} of {bad:,}")
    table.columns[0].max_width = 60
    for address, fault in list(report.faults.items())[:_SHOWN]:
        table.add_row(escape(address), escape(fault))
    out.print(table)
