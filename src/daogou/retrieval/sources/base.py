"""A candidate source that was fitted to a shop: what it can be asked, and how a bundle keeps it."""

from typing import Any, ClassVar, Protocol

from daogou.bundle import Bundle, BundleWriter
from daogou.features.items import Float32, Int32
from daogou.retrieval.base import Candidates, Request


class Source(Protocol):
    """A retriever that also says what it thinks of items that others proposed.

    It was fitted to a catalogue of V items. Items that came later have numbers from V on: it
    proposes none of them, scores them 0, and leaves them out of a history.

    Attributes
    ----------
    form
        The name of the class in a bundle.
    """

    form: ClassVar[str]

    @property
    def name(self) -> str:
        """The source's name, in reasons and reports; unique in a bundle."""
        ...

    def opinions(self, request: Request) -> tuple[Int32, Float32]:
        """Items in rising order, each once, int32 [N], and their scores, float32 [N].

        All that the source has anything to say of; the request's mask is not looked at.
        """
        ...

    def retrieve(self, request: Request, k: int) -> Candidates:
        """At most ``k`` items that pass the request's mask; none where it lacks what is needed."""
        ...

    def score(self, request: Request, items: Int32) -> Float32:
        """What it thinks of ``items`` [K], float32 [K]; the higher the better, 0 for no opinion.

        The same numbers that :meth:`retrieve` gives, whatever the request's mask.
        """
        ...

    def save(self, writer: BundleWriter) -> dict[str, Any]:
        """Write arrays and graphs named ``source_{name}_...``; returns settings as JSON."""
        ...

    @classmethod
    def load(cls, bundle: Bundle, name: str, settings: dict[str, Any]) -> "Source":
        """Open what :meth:`save` wrote."""
        ...
