"""Fitted sources in a bundle: the part ``sources`` lists them, each keeps its own arrays."""

from collections.abc import Mapping, Sequence
from typing import Final

from daogou.bundle import Bundle, BundleWriter
from daogou.errors import BundleError
from daogou.retrieval.sources.base import Source
from daogou.retrieval.sources.counts import PersonalSource, PopularitySource
from daogou.retrieval.sources.factors import FactorSource
from daogou.retrieval.sources.graph import GraphSource
from daogou.retrieval.sources.neighbours import NeighbourSource
from daogou.retrieval.sources.panel import JOINT, Panel
from daogou.retrieval.sources.ranker import RankerSource
from daogou.retrieval.sources.rescored import RescoredSource
from daogou.retrieval.sources.user_neighbours import UserNeighbourSource

PART: Final = "sources"
_CLASSES: Final[tuple[type[Source], ...]] = (
    FactorSource,
    GraphSource,
    NeighbourSource,
    PersonalSource,
    PopularitySource,
    RankerSource,
    RescoredSource,
    UserNeighbourSource,
)
FORMS: Final[Mapping[str, type[Source]]] = {source.form: source for source in _CLASSES}
"""The class of each form."""


def save_sources(writer: BundleWriter, sources: Sequence[Source]) -> None:
    """Write sources into a new bundle.

    Raises
    ------
    BundleError
        Two have one name, or a name cannot be that of a file.
    """
    names = [source.name for source in sources]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BundleError(
            f"Two sources are named {', '.join(twice)}; each needs a name of its own in a bundle."
        )
    listed = [
        {"name": source.name, "form": source.form, "settings": source.save(writer)}
        for source in sources
    ]
    writer.add_json(PART, listed)


def load_sources(bundle: Bundle) -> tuple[Source, ...]:
    """Open the sources of a bundle; none in a bundle of the time before there were any.

    Raises
    ------
    BundleError
        A source is of a form or has settings that this code does not know, or a part of it
        is missing.
    """
    if f"{PART}.json" not in bundle.names():
        return ()
    listed = bundle.json(PART)
    try:
        return tuple(_load(bundle, **entry) for entry in listed)
    except (KeyError, TypeError) as error:
        raise BundleError(
            f"Bundle {bundle.id}: its sources are not as this code writes them ({error!r})."
            " Train again with `daogou train`, or install the Daogou that wrote it."
        ) from error


def load_panel(bundle: Bundle) -> Panel:
    """The sources of a bundle with the champion that its training chose."""
    return Panel(load_sources(bundle), bundle.json("model").get("champion", JOINT))


def _load(bundle: Bundle, name: str, form: str, settings: dict[str, object]) -> Source:
    if form not in FORMS:
        raise BundleError(
            f"Bundle {bundle.id}: source '{name}' is of the form '{form}', this code knows"
            f" {', '.join(sorted(FORMS))}. Train again with `daogou train`, or install the"
            " Daogou that wrote it."
        )
    return FORMS[form].load(bundle, name, settings)
