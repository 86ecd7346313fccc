"""Events as they are sent, in the words of whichever tool sent them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from daogou.errors import BadValue
from daogou.feeds.codec.events import event_from_json
from daogou.feeds.codec.fields import Fields
from daogou.feeds.codec.ga4 import ga4_event, is_ga4
from daogou.feeds.codec.segment import is_segment, segment_event
from daogou.types import UserEvent

Format = Literal["retail", "ga4", "segment"]


@dataclass(frozen=True, slots=True)
class SentEvent:
    """One event that was sent, not yet read.

    Attributes
    ----------
    format
        ``"retail"`` (Google Retail's ``UserEvent``, and ours), ``"ga4"`` or ``"segment"``.
    data, path
        The event, and where it stands in what was sent.
    around
        The payload of GA4 or the batch of Segment that it came in.
    """

    format: Format
    data: Any
    path: str = ""
    around: Mapping[str, Any] = field(default_factory=dict)

    def read(
        self, received: datetime | None = None, left_out: Counter[str] | None = None
    ) -> UserEvent | str:
        """The event, or the name of one that says nothing here (``"scroll"``, ``"identify"``).

        Parameters
        ----------
        received
            When the event arrived: its time where it has none. By default a time is required.
        left_out
            Counts the known fields of Google Retail that have no place here.

        Raises
        ------
        BadValue
            The first field that cannot be used.
        """
        if self.format == "retail":
            return event_from_json(self.data, received=received, left_out=left_out)
        read = ga4_event if self.format == "ga4" else segment_event
        return read(self.data, self.path, self.around, received)


def sent_events(data: Any, path: str = "") -> Iterator[SentEvent]:
    """The events in one JSON object, recognised by its shape.

    An object with ``events`` is a payload of GA4's Measurement Protocol, one with ``batch`` or
    ``type`` is Segment's, any other is one event of Google Retail or ours.

    Raises
    ------
    BadValue
        ``events`` or ``batch`` is no list.
    """
    if type(data) is dict or isinstance(data, Mapping):
        if is_ga4(data):
            yield from _inner("ga4", data, "events", path)
            return
        if is_segment(data):
            if "batch" in data:
                yield from _inner("segment", data, "batch", path)
            else:
                yield SentEvent("segment", data, path)
            return
    yield SentEvent("retail", data, path)


def _inner(kind: Format, data: Mapping[str, Any], name: str, path: str) -> Iterator[SentEvent]:
    fields = Fields(data, path)
    events = fields.raw(name)
    if not isinstance(events, list):
        raise BadValue(fields.at(name), events, "a list of objects", "Write it as in [{...}].")
    for number, event in enumerate(events):
        yield SentEvent(kind, event, f"{fields.at(name)}[{number}]", data)
