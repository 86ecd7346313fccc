"""A bundle at work over the store: all that changes when another bundle takes over."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from daogou.bundle import Bundle, bundles
from daogou.bundle.pointer import read_pointer
from daogou.encoders import EncoderConfig, PictureFolders, TextEncoder, open_text_encoder
from daogou.engine.answering import Searcher
from daogou.engine.config import EngineConfig
from daogou.engine.model import Model, load_model
from daogou.engine.trial import prepared
from daogou.engine.view import LiveView
from daogou.errors import BundleError, EncoderError
from daogou.knowledge import KnowledgeBase
from daogou.store import Store
from daogou.utterances import Reader, load_head

T = TypeVar("T")
UNTRAINED: Final = "untrained"
"""Stands for the bundle's id in the policy of a shop that has none."""


@dataclass(frozen=True, slots=True)
class Source:
    """What stays the same while bundles come and go; see :class:`~daogou.engine.Engine`.

    ``encoder`` is one that is open already; ``scratch`` a folder for a shop without a bundle.
    """

    store: Store
    config: EngineConfig
    scratch: Path
    cache_dir: Path | None
    pictures: PictureFolders | None
    encoder: TextEncoder | None
    clock: Callable[[], float]


class Served:
    """One bundle, or none, with the newest view of the store.

    Parameters
    ----------
    before
        The model that it takes over from: its text encoder is used again where it is the one
        that the bundle was trained with.

    Raises
    ------
    BundleError
        A part of the bundle is missing or of another version.
    EncoderError
        The text encoder that it was trained with does not exist here.

    Attributes
    ----------
    bundle_id
        None without a bundle.
    live
        The newest view.
    reader
        What sentences of a dialogue do, as it was learned.
    """

    def __init__(self, source: Source, bundle: Bundle | None, before: Model | None = None) -> None:
        store, cache_dir = source.store, source.cache_dir
        encoder = source.encoder
        if encoder is None and before is not None and bundle is not None:
            encoder = _used_again(before.encoder, bundle)
        loaded = load_model(bundle, encoder, cache_dir, source.pictures) if bundle else None
        model = loaded.model if loaded else None
        known = model.encoder if model else encoder
        self.bundle_id = bundle.id if bundle else None
        self.live = LiveView(store, loaded, source.scratch, source.clock())
        self.searcher = Searcher(store, source.config, self.live.newest())
        self.knowledge = KnowledgeBase(store, known, model.centring if model else None)
        self.reader = Reader(
            lambda: known or open_text_encoder(EncoderConfig(), cache_dir),
            load_head(bundle) if bundle else None,
        )

    @property
    def model(self) -> Model | None:
        """The model as it is now; None without a bundle."""
        return self.live.newest().model

    def policy(self, placement: str) -> str:
        """What stands for this bundle's way to fill a placement, in answers and in the log."""
        return f"{self.bundle_id or UNTRAINED}/{placement}"


def _used_again(encoder: TextEncoder, bundle: Bundle) -> TextEncoder | None:
    told = bundle.json("model").get("encoder")
    return encoder if told == {"name": encoder.name, "version": encoder.version} else None


def first_sound(
    root: Path, opened: Callable[[Bundle | None], T], passed_over: Callable[[str], None]
) -> T:
    """What ``opened`` makes of the active bundle, or else of those that were active before it.

    In the end it is called with None. ``passed_over`` is told why a bundle was not taken.
    """
    try:
        pointer = read_pointer(root)
        names = (pointer.current, *pointer.previous) if pointer else ()
    except BundleError as error:
        passed_over(str(error))
        names = tuple(bundle.id for bundle in bundles(root))
    for name in names:
        try:
            bundle = Bundle.open(root / name)
            return prepared(lambda bundle=bundle: opened(bundle), bundle)  # type: ignore[misc]
        except (BundleError, EncoderError) as error:
            passed_over(str(error))
    return opened(None)
