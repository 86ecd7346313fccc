"""Whether a new bundle is worse than the active one, by what both reached on validation."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from daogou.bundle.bundle import Bundle

COMPARED: Final[Mapping[str, str]] = {
    "ndcg_next": "next",
    "ndcg_relevance": "relevance",
    "auc_click": "click",
    "auc_purchase": "purchase",
    "accuracy_intent": "intent",
}
"""Metrics of which more is better, and the task that each is of."""
CHANCE: Final = 0.5
"""An AUC says nothing at this value: a share of it is one of what is above."""
NOISE: Final = 0.01
"""So small a difference says nothing, whatever share it is."""
SAME_KIND: Final = ("validation_days", "exposure_days", "min_basket")
"""The settings of training that say what is validated on, and how."""


def worse_than(active: Bundle, new: Bundle, margin: float) -> Iterator[str]:
    """A sentence for each metric of ``new`` that is worse than ``active``'s beyond the margin.

    Compared is what was measured in the same way: on as many newest days, by the same settings,
    with the same version of Daogou. The days themselves are other ones after some time, and the
    metrics move with them: the margin has to leave room for that. A task that the active bundle
    was taught and the new one was not is worse, unless its weight was set to 0.

    Parameters
    ----------
    margin
        The share of a metric by which it may fall; of an AUC, the share of what is above .5.
        1 compares nothing.
    """
    if margin >= 1 or not _same_kind(active, new):
        return
    for name, task in COMPARED.items():
        before, now = (_number(bundle.manifest.metrics.get(name)) for bundle in (active, new))
        if before is None or new.manifest.config.get(f"lambda_{task}") == 0:
            continue
        if now is None:
            yield f"{name} is {before:.4f} in the active bundle, and the new one was not taught it"
            continue
        floor = CHANCE if name.startswith("auc_") else 0.0
        least = before - max(margin * (before - floor), NOISE)
        if now < least:
            yield f"{name} is {now:.4f}, {before:.4f} in the active bundle"


def _same_kind(active: Bundle, new: Bundle) -> bool:
    def kind(bundle: Bundle) -> list[Any]:
        config = bundle.manifest.config
        return [bundle.manifest.daogou_version, *(config.get(name) for name in SAME_KIND)]

    return kind(active) == kind(new) and kind(new)[1] is not None


def _number(value: Any) -> float | None:
    known = isinstance(value, int | float) and math.isfinite(value)
    return float(value) if known else None
