"""``daogou search`` and ``daogou recommend``: the engine's answers as tables."""

from collections.abc import Callable, Iterator
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from daogou.cli.settings import Settings
from daogou.cli.terminal import out, say, waiting, warn, what_next
from daogou.encoders import PictureFolders
from daogou.encoders.pictures import content
from daogou.engine import Engine, RecommendRequest, SearchRequest, SearchSlate, render_reason
from daogou.errors import EncoderError, InvalidInput
from daogou.feeds.codec.money import minor_digits, to_major
from daogou.store import Store
from daogou.types import Money, ScoredProduct, Slate


def search_command(settings: Settings, request: SearchRequest) -> None:
    """Print a page of matches."""
    with settings.open_store() as store, waiting("Opening the shop"):
        engine = open_engine(settings, store)
        with engine:
            found = engine.search(request)
        slate = found.slate
        table = _table(store, slate, request.language)
    for line in told(found):
        say(line)
    out.print(table)
    say(f"{len(slate.items)} of {slate.total:,} matches.")
    if not slate.items:
        warn("nothing matches. Try fewer words, or leave --filter out.")
    _tell_of_bundle(settings, engine)
    product = slate.items[0].product.id if slate.items else "ID"
    what_next(
        (settings.command(f"recommend goes-with --product {product}"), "what is bought with it"),
        (settings.command("serve"), "search in the browser"),
    )


def told(found: SearchSlate) -> Iterator[str]:
    """What the search made of the query, a line each."""
    if found.corrected_query and found.correction_applied:
        yield f"Searched for: {found.corrected_query}"
    elif found.corrected_query:
        yield f"Did you mean: {found.corrected_query}"
    words = {"filter": "", "boost": " (preferred)", "relaxed": " (given up)"}
    chips = [chip.label + words[chip.applied] for chip in found.chips]
    if found.order_by:
        chips.append(f"ordered by {found.order_by}")
    if chips:
        yield f"Understood: {' · '.join(chips)}"
    for way in found.relaxations:
        yield way.text if way.applied else f"Or: {way.text} {way.total:,}"
    if found.redirect_uri:
        yield f"The shop would open {found.redirect_uri}"


def recommend_command(settings: Settings, request: RecommendRequest) -> None:
    """Print recommended products."""
    with settings.open_store() as store, waiting("Opening the shop"):
        engine = open_engine(settings, store)
        with engine:
            slate = engine.recommend(request)
        table = _table(store, slate, request.language)
    out.print(table)
    if not slate.items:
        warn(
            "there is nothing to recommend here. Import purchases with `daogou import events`,"
            " or name a visitor who has some."
        )
    _tell_of_bundle(settings, engine)
    what_next(
        (settings.command("recommend home --visitor ID"), "somebody else's home page"),
        (settings.command("serve"), "see it in the browser"),
    )


def open_engine(
    settings: Settings, store: Store, passed_over: Callable[[str], None] | None = None
) -> Engine:
    """The engine over the current bundle, or without one where none was trained yet.

    ``passed_over``: see :meth:`Engine.open`.
    """
    return Engine.open(
        store,
        settings.bundles,
        settings.engine(),
        cache_dir=settings.cache,
        pictures=picture_folders(settings),
        passed_over=passed_over,
    )


def picture_folders(settings: Settings) -> PictureFolders | None:
    """Where pictures of products are; None where they are not looked at."""
    encoder = settings.encoder()
    return PictureFolders.of(encoder, settings.cache) if encoder.images == "auto" else None


def photo(path: Path) -> bytes:
    """What the file of a photo holds.

    Raises
    ------
    InvalidInput
        It cannot be read.
    """
    try:
        return content(path)
    except EncoderError as error:
        raise InvalidInput(f"The photo {path} {error}.", field="image") from error


def price(money: Money | None) -> str:
    """A price as people write it; the empty string where there is none."""
    if money is None:
        return ""
    return f"{to_major(money):,.{minor_digits(money.currency)}f} {money.currency}"


def _tell_of_bundle(settings: Settings, engine: Engine) -> None:
    if engine.bundle_id is None:
        warn(
            "no model is trained yet, so words and popularity alone set the order."
            f" Run `{settings.command('train')}`."
        )


def _table(store: Store, slate: Slate, language: str) -> Table:
    titles = _titles(store, slate.items, language)
    table = Table("#", "ID", "Title", "Price", "Why")
    table.columns[0].justify = table.columns[3].justify = "right"
    for place, item in enumerate(slate.items, 1):
        reason = item.reasons[0] if item.reasons else None
        why = render_reason(reason, language, titles) if reason else ""
        product = item.product
        cells = (product.id, product.title_in(language), price(product.price), why)
        table.add_row(str(place), *(escape(cell) for cell in cells))
    return table


def _titles(store: Store, items: tuple[ScoredProduct, ...], language: str) -> dict[str, str]:
    """The titles of the products that reasons name."""
    ids = {id_ for item in items for reason in item.reasons for id_ in reason.product_ids}
    return {id_: product.title_in(language) for id_, product in store.products(ids).items()}
