"""How the model reads one typical validation basket: its attention and its gradients.

Dimension letters: Y layers, N tokens, L history lines, K candidates, F wide features.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from daogou.features import GROUPS, KINDS
from daogou.features.items import Float32
from daogou.features.stats import DAY
from daogou.models import JointModel
from daogou.training.data import Data
from daogou.training.examples import Batch, Lists, collate
from daogou.training.objective import encode, rank_logits
from daogou.training.retrieval_loss import Vectors
from daogou.training.shop import Shop

TOWERS: Final = "likeness (towers)"
SOURCES: Final = "candidate sources"
TITLE_LETTERS: Final = 34


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model makes of one moment of one visitor.

    Attributes
    ----------
    lines
        The history lines that the tower reads, oldest first, in words: L of them.
    attention
        What the last token takes from each, the mean over the attention's heads, [Y, L].
    start
        What it takes from the start token, [Y].
    bought, others
        Wide group to the sum of gradient times input of the score "next" over its features,
        standardised and binned as the ranker takes them in; the mean over the candidates that
        were then bought, and over the others.
    """

    lines: Sequence[str]
    attention: Float32
    start: Float32
    bought: Mapping[str, float]
    others: Mapping[str, float]


def read(model: JointModel, data: Data, shop: Shop) -> Reading | None:
    """Look into the model at a typical basket; None where there is none."""
    lists = data.validation.get("next")
    chosen = None if lists is None else _typical(lists)
    if lists is None or chosen is None:
        return None
    model.eval()
    batch = collate(lists, np.array([chosen]), data.log, model.config.length)
    taken = _attention(model, data, batch)
    here = batch.kinds[0].numpy() > 0
    bought, others = _gradients(model, data, batch)
    return Reading(
        lines=_lines(shop, batch),
        attention=taken[:, 1:-1][:, here],
        start=taken[:, 0],
        bought=bought,
        others=others,
    )


def _typical(lists: Lists) -> int | None:
    """A list with something to find, whose visitor has as long a history as half of them."""
    owner = np.repeat(np.arange(len(lists)), np.diff(lists.offsets))
    told = np.unique(owner[lists.labels > 0])
    told = told[lists.end[told] > 0]
    if not len(told):
        return None
    order = told[np.argsort(lists.end[told], kind="stable")]
    return int(order[len(order) // 2])


@torch.no_grad()
def _attention(model: JointModel, data: Data, batch: Batch) -> Float32:
    """What the last token takes from all of them, [Y, N]: start, lines, and the query's place."""
    taken: list[Tensor] = []

    def look(block: Any, given: tuple[Any, ...]) -> None:
        # The newest line is the last but one: behind it is the query's place.
        taken.append(block.weights(*given)[0, :, -2].mean(0))

    hooks = [block.register_forward_pre_hook(look) for block in model.context_tower.blocks]
    try:
        encode(model, batch, Vectors(model, batch.lines, batch.items), data.query_vectors)
    finally:
        for hook in hooks:
            hook.remove()
    return np.asarray(torch.stack(taken).numpy(), np.float32)


def _gradients(
    model: JointModel, data: Data, batch: Batch
) -> tuple[dict[str, float], dict[str, float]]:
    """Gradient times input by group: of what was bought, and of the other candidates."""
    with torch.no_grad():
        vectors = Vectors(model, batch.lines, batch.items)
        u, _ = encode(model, batch, vectors, data.query_vectors)
    told: list[Tensor] = []  # wide features as the ranker takes them in, and all that enters it
    ranker = model.ranker
    hooks = [
        ranker.features.register_forward_hook(
            lambda _module, _given, out: told.append(out.requires_grad_())
        ),
        ranker.experts.register_forward_pre_hook(lambda _module, given: told.append(given[0])),
    ]
    try:
        score = rank_logits(model, batch, vectors, u, "next").sum()
    finally:
        for hook in hooks:
            hook.remove()
    wide, entered = (
        (slope * value).detach().numpy()
        for slope, value in zip(torch.autograd.grad(score, told), told, strict=True)
    )
    n = len(data.columns)
    # A feature, and the bins of its quantiles: see WideFeatures.
    by_feature = wide[:, :n] + wide[:, n:].reshape(len(wide), n, -1).sum(2)  # [K, F]
    is_bought = (batch.labels[batch.mask] > 0).numpy()
    by_group = {name: by_feature[:, _columns(data, names)].sum(1) for name, names in GROUPS.items()}
    known = {name for names in GROUPS.values() for name in names}
    by_group[SOURCES] = by_feature[:, _columns(data, set(data.columns) - known)].sum(1)
    by_group[TOWERS] = entered[:, -2:].sum(1)
    return (
        {name: _mean(values[is_bought]) for name, values in by_group.items()},
        {name: _mean(values[~is_bought]) for name, values in by_group.items()},
    )


def _columns(data: Data, names: Sequence[str] | set[str]) -> list[int]:
    return [n for n, name in enumerate(data.columns) if name in names]


def _mean(values: Float32) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _lines(shop: Shop, batch: Batch) -> list[str]:
    """The lines of the first visitor of a batch in words: what, when, which product."""
    titles = shop.words.titles
    told = titles.get("en") or next(iter(titles.values()), None)
    names = {code: name for name, code in KINDS.items()}
    found = []
    for item, kind, age in zip(
        batch.lines[0].tolist(), batch.kinds[0].tolist(), batch.ages[0].tolist(), strict=True
    ):
        if kind:
            title = (told[item] if told else "") or shop.table.ids[item]
            short = title if len(title) <= TITLE_LETTERS else title[: TITLE_LETTERS - 1] + "…"
            found.append(f"{short}, {names[kind].split('-')[0]}, {age / DAY:.0f} d ago")
    return found
