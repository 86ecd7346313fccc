"""The parts that reference models share: the softmax, what is held out, batches, readings."""

import itertools
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from daogou.features.history import VIEW
from daogou.models.catalogue_softmax import CHUNK, catalogue_softmax
from daogou.retrieval.sources.graph import LOOKED_AT, Reading
from daogou.training.zoo.holdout import hold_out, padded_batches, windows
from tests.retrieval.source_contract import V, cycles, interactions, purchases


def reference(x: Tensor, table: Tensor, bias: Tensor, rows: Tensor, items: Tensor) -> Tensor:
    return nn.functional.cross_entropy((x @ table.T + bias)[rows], items)


def test_the_chunked_softmax_is_the_cross_entropy() -> None:
    generator = torch.Generator().manual_seed(0)
    n, v = 2 * CHUNK + 5, 50
    parts = [torch.randn(*shape, generator=generator) for shape in ((n, 8), (v, 8), (v,))]
    for part in parts:
        part.requires_grad_()
    rows = torch.randint(n, (700,), generator=generator).sort().values
    items = torch.randint(v, (700,), generator=generator)
    x, table, bias = parts
    losses = [f(x, table, bias, rows, items) for f in (catalogue_softmax, reference)]
    torch.testing.assert_close(losses[0], losses[1], rtol=2e-3, atol=0)
    found, expected = (torch.autograd.grad(loss * 3, parts) for loss in losses)
    for one, two in zip(found, expected, strict=True):
        assert (one - two).abs().max() < 0.02 * two.abs().max()


def test_a_softmax_over_no_pairs_is_nothing() -> None:
    x = torch.randn(3, 2, requires_grad=True)
    none = torch.zeros(0, dtype=torch.int64)
    loss = catalogue_softmax(x, torch.randn(4, 2), torch.zeros(4), none, none)
    torch.autograd.backward(loss)
    assert x.grad is not None
    assert float(loss.detach()) == 0


def test_what_is_held_out_is_the_last_item_and_is_not_trained_on() -> None:
    sequences = [items.tolist() for items in cycles(V).sequences()]
    split = hold_out(interactions(sequences, V), 7, seed=0)
    assert len(split.asked) == len(split.targets) == 7
    for n, items in enumerate(split.train):
        expected = sequences[n][:-1] if n in split.asked else sequences[n]
        assert items.tolist() == expected
    assert [sequences[n][-1] for n in split.asked] == list(split.targets)


def test_a_repeated_last_item_is_no_target() -> None:
    assert hold_out(interactions([[1, 2, 1]] * 10, V), 10, 0).asked == ()


def test_windows_hold_every_transition_once() -> None:
    pieces = windows([np.arange(11, dtype=np.int32), np.zeros(1, np.int32)], 4)
    pairs = [(int(a), int(b)) for p in pieces for a, b in itertools.pairwise(p)]
    assert sorted(pairs) == [(n, n + 1) for n in range(10)]
    assert max(len(p) for p in pieces) == 5


def test_batches_hold_every_sequence_once() -> None:
    sequences = [np.arange(1 + n % 7, dtype=np.int32) + 1 for n in range(40)]
    batches = list(padded_batches(sequences, 20, np.random.default_rng(0)))
    assert sum(len(b.items) for b in batches) == 40
    assert all(b.items.numel() <= 20 for b in batches)
    total = sum(int(b.items[b.real].sum()) for b in batches)
    assert total == sum(int(items.sum()) for items in sequences)
    assert all((b.items[~b.real] == 0).all() for b in batches)


def test_what_is_read_of_a_history() -> None:
    known = np.ones(9, np.bool_)
    known[7] = False
    past = purchases([1, 2, 7, 1, 3, 9, 3])
    assert Reading(9).history(past, known).tolist() == [1, 2, 1, 3, 3]
    assert Reading(3).history(past, known).tolist() == [1, 3, 3]
    assert Reading(9, distinct=True).history(past, known).tolist() == [2, 1, 3]
    assert Reading(2, distinct=True).history(past, known).tolist() == [1, 3]
    one_basket = replace(past, events=np.zeros(7, np.int32))
    assert Reading(9).history(one_basket, known).tolist() == [1, 2, 3]
    looked = purchases([4, 5])
    looked = replace(looked, kinds=np.full(2, VIEW, np.int8))
    assert Reading(9).history(looked, known).tolist() == []
    assert Reading(9, kinds=LOOKED_AT).history(looked, known).tolist() == [4, 5]
