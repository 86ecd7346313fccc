"""Histories packed into rows say what the same histories say one by one."""

import numpy as np
import pytest
import torch

from daogou.features import Exposures, History, ShopLog
from daogou.features.history import PURCHASE, REJECT, VIEW
from daogou.features.log import Searches
from daogou.models import ContextTower, ModelConfig
from daogou.training.sequences import cut_log, drawn, lay_out, pack, packed_batches

DAY = 86_400.0
LENGTH = 6


def log_of(*histories: list[int], kinds: int = PURCHASE) -> ShopLog:
    """One visitor a list, one event a line, a day apart."""
    lengths = [len(items) for items in histories]
    n = sum(lengths)
    nothing = np.zeros(0, np.int32)
    return ShopLog(
        visitors=tuple(f"v{i}" for i in range(len(histories))),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        lines=History(
            np.array([i for items in histories for i in items], np.int32),
            np.full(n, kinds, np.int8),
            np.concatenate([np.arange(m) * DAY for m in lengths]),
            np.ones(n, np.float32),
            np.concatenate([np.arange(m, dtype=np.int32) for m in lengths]),
        ),
        exposures=Exposures(
            nothing, nothing, np.zeros(0), nothing, np.zeros(0, np.float32), nothing
        ),
        queries=(),
        searches=Searches(nothing, np.zeros(0), nothing),
    )


def test_a_long_history_is_cut_from_its_end() -> None:
    pieces = cut_log(log_of(list(range(15)), [1, 2]), 1e9, LENGTH)
    cuts = sorted(zip(pieces.start.tolist(), pieces.stop.tolist(), strict=True))
    assert cuts == [(0, 3), (3, 9), (9, 15), (15, 17)]


def test_what_is_later_is_not_read() -> None:
    pieces = cut_log(log_of([1, 2, 3, 4]), 2 * DAY, LENGTH)
    assert (pieces.start.tolist(), pieces.stop.tolist()) == ([0], [2])


def test_every_sequence_is_packed_once_and_fits() -> None:
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, LENGTH + 1, 200)
    rows = pack(lengths, LENGTH + 1, rng.permutation(200))
    assert sorted(s for row in rows for s in row) == list(range(200))
    filled = [int((lengths[row] + 1).sum()) for row in rows]
    assert max(filled) <= LENGTH + 1
    assert np.mean(filled) > 0.9 * (LENGTH + 1)


def test_batches_have_every_line_once() -> None:
    log = log_of([1, 2, 3], [4], [5, 6, 7, 8, 9, 10, 11, 12])
    pieces = cut_log(log, 1e9, LENGTH)
    batches = list(packed_batches(log, pieces, LENGTH, 2, np.random.default_rng(0)))
    read = torch.cat([batch.items[batch.is_line] for batch in batches])
    assert sorted(read.tolist()) == list(range(1, 13))


def test_each_token_is_followed_by_the_next_line_of_its_own_history() -> None:
    log = log_of([1, 2], [3])
    packed = lay_out(log, cut_log(log, 1e9, LENGTH), [[0, 1]], LENGTH)
    assert packed.targets().tolist() == [1, 2, 3]  # from the start, from 1, from the start


@pytest.mark.parametrize(("kind", "sought"), [(VIEW, 2), (REJECT, 0)])
def test_what_was_waved_away_is_read_and_not_foretold(kind: int, sought: int) -> None:
    log = log_of([1, 2], kinds=kind)
    packed = lay_out(log, cut_log(log, 1e9, LENGTH), [[0]], LENGTH)
    assert len(packed.targets()) == sought
    assert int(packed.is_line.sum()) == 2


@pytest.mark.parametrize("block", ["transformer", "hstu"])
def test_a_packed_history_ends_where_serving_asks(block: str) -> None:
    """The state at the last line of a packed history is ``u`` of that history, asked then."""
    torch.manual_seed(0)
    config = ModelConfig(
        width=8, layers=2, attention_heads=2, length=LENGTH, block=block,  # type: ignore[arg-type]
    )  # fmt: skip
    tower = ContextTower(config, text_width=3).eval()
    for parameter in (tower.bias.places, tower.bias.ages):
        torch.nn.init.normal_(parameter)
    items = torch.randn(20, 8)
    log = log_of([1, 2], [3, 4, 5])
    packed = lay_out(log, cut_log(log, 1e9, LENGTH), [[1, 0]], LENGTH)
    states = tower.states(items[packed.items] * packed.is_line[..., None], packed.tokens)
    for history, place in (([3, 4, 5], 3), ([1, 2], 6)):
        n = len(history)
        lines, kinds = torch.zeros(1, LENGTH, 8), torch.zeros(1, LENGTH, dtype=torch.int64)
        ages = torch.zeros(1, LENGTH)
        lines[0, -n:], kinds[0, -n:] = items[history], PURCHASE
        ages[0, -n:] = torch.arange(n - 1, -1, -1) * DAY
        u, _ = tower(lines, kinds, ages, torch.zeros(1, 3), torch.zeros(1))
        torch.testing.assert_close(states[0, place], u[0], atol=1e-5, rtol=1e-4)


def test_a_draw_stops_near_its_tokens() -> None:
    pieces = cut_log(log_of(*[[1, 2, 3]] * 50), 1e9, LENGTH)
    assert len(drawn(pieces, 40, np.random.default_rng(0))) == 10
    assert len(drawn(pieces, 10_000, np.random.default_rng(0))) == 50
