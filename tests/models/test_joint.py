import dataclasses
import math

import pytest
import torch
from torch.nn import functional

from daogou.models import (
    ContentSizes,
    ContextTower,
    ItemContent,
    ItemTower,
    JointModel,
    ModelConfig,
    Ranker,
    exposure_loss,
    lambda_rank,
    listwise,
    sampled_softmax,
)
from daogou.models.attention import AGE_BUCKETS, age_bucket

CONFIG = ModelConfig(width=8, layers=1, attention_heads=2, length=5, hidden=8)
T = 3


def context_inputs(n_lines: int) -> dict[str, torch.Tensor]:
    """One history of so many lines, padded on the left."""
    generator = torch.Generator().manual_seed(1)
    lines = torch.randn(1, 5, 8, generator=generator)
    kinds = torch.tensor([[0] * (5 - n_lines) + [3] * n_lines])
    return {
        "lines": lines,
        "kinds": kinds,
        "ages": torch.tensor([[5e5, 4e5, 3e5, 2e5, 1e5]]),
        "query": torch.zeros(1, T),
        "has_query": torch.zeros(1),
    }


@pytest.fixture
def tower() -> ContextTower:
    torch.manual_seed(0)
    return ContextTower(CONFIG, text_width=T).eval()


def test_a_state_does_not_see_later_lines(tower: ContextTower) -> None:
    inputs = context_inputs(5)
    _, before = tower(**inputs)
    inputs["lines"] = inputs["lines"].clone()
    inputs["lines"][0, 3:] *= -2
    _, after = tower(**inputs)
    torch.testing.assert_close(before[:, :3], after[:, :3])
    assert not torch.allclose(before[:, 3:], after[:, 3:])


def test_padding_says_nothing(tower: ContextTower) -> None:
    inputs = context_inputs(2)
    u, _ = tower(**inputs)
    inputs["lines"], inputs["ages"] = inputs["lines"].clone(), inputs["ages"].clone()
    inputs["lines"][0, :3] = 99
    again, _ = tower(**inputs)
    torch.testing.assert_close(u, again)


def test_an_empty_history_is_finite(tower: ContextTower) -> None:
    u, _ = tower(**context_inputs(0))
    assert torch.isfinite(u).all()


def test_a_query_is_read_only_where_there_is_one(tower: ContextTower) -> None:
    inputs = context_inputs(3)
    plain, _ = tower(**inputs)
    inputs["query"] = torch.ones(1, T)
    torch.testing.assert_close(tower(**inputs)[0], plain)
    inputs["has_query"] = torch.ones(1)
    assert not torch.allclose(tower(**inputs)[0], plain)


def test_age_buckets_rise_and_end() -> None:
    ages = torch.tensor([-5.0, 0.0, 60.0, 3600.0, 86_400.0, 1e7, 1e12])
    buckets = age_bucket(ages).tolist()
    assert buckets == sorted(buckets)
    assert buckets[0] == 0
    assert buckets[-1] == AGE_BUCKETS - 1


def content(n: int) -> ItemContent:
    generator = torch.Generator().manual_seed(2)
    ones = torch.ones(n, dtype=torch.int64)
    return ItemContent(
        text=torch.randn(n, T, generator=generator).half(),
        image=torch.randn(n, 2, generator=generator).half(),
        category=ones,
        department=ones,
        brand=ones,
        attributes=torch.tensor([[1, 2, 0]]).repeat(n, 1),
        price=torch.full((n,), torch.nan),
        sizes=sizes(n),
        names=torch.zeros(2, T),
    )


def sizes(n: int) -> ContentSizes:
    return ContentSizes(
        items=n, categories=2, departments=2, brands=2, attributes=3, text=T, image=2
    )


def test_with_every_identity_dropped_content_alone_places() -> None:
    tower = ItemTower(ModelConfig(width=8, id_dropout=1.0), sizes(4))
    items, rows = torch.arange(4), content(4).rows(torch.arange(4))
    dropped = tower.train()(items, rows)
    torch.testing.assert_close(dropped, tower.content(rows))
    assert not torch.allclose(tower.eval()(items, rows), dropped)


def test_padding_among_the_attributes_says_nothing() -> None:
    tower = ItemTower(CONFIG, sizes(2)).eval()
    rows = content(2).rows(torch.arange(2))
    shorter = dataclasses.replace(rows, attributes=rows.attributes[:, :2])
    torch.testing.assert_close(tower.content(shorter), tower.content(rows))


def test_all_vectors_equal_one_by_one() -> None:
    torch.manual_seed(0)
    model = JointModel(CONFIG, content(5), n_features=2).eval()
    whole = model.all_item_vectors(batch=2)
    for i in range(5):
        torch.testing.assert_close(model.item_vectors(torch.tensor([i]))[0], whole[i])


def test_the_ranker_is_indifferent_to_the_scale_of_features() -> None:
    torch.manual_seed(0)
    ranker = Ranker(CONFIG, n_features=2).eval()
    u, v, wide = torch.randn(6, 8), torch.randn(6, 8), torch.rand(6, 2)
    ranker.features.fit(wide)
    plain = ranker(u, v, wide)
    ranker.features.fit(wide * 1000)
    torch.testing.assert_close(ranker(u, v, wide * 1000), plain, atol=1e-2, rtol=1e-2)


def test_listwise_by_hand() -> None:
    logits = torch.tensor([[0.0, math.log(3.0), 100.0]])
    labels = torch.tensor([[0.0, 1.0, 1.0]])
    mask = torch.tensor([[True, True, False]])
    # The masked entry counts in no way: softmax is (1/4, 3/4).
    assert float(listwise(logits, labels, mask)) == pytest.approx(-math.log(0.75))


def test_lists_without_a_positive_cost_nothing() -> None:
    logits = torch.randn(2, 3, requires_grad=True)
    nothing, mask = torch.zeros(2, 3), torch.ones(2, 3, dtype=torch.bool)
    for loss in (listwise(logits, nothing, mask), lambda_rank(logits, nothing, mask)):
        assert float(loss.detach()) == 0


def test_lambda_rank_by_hand() -> None:
    logits = torch.tensor([[2.0, 1.0, 0.0, 100.0]])
    labels = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
    mask = torch.tensor([[True, True, True, False]])
    # The positive stands third; its place there is worth 1/2, the first 1, the second 1/log2(3).
    second = 1 / math.log2(3)
    first = (1 - 0.5) * math.log1p(math.exp(2)) + (second - 0.5) * math.log1p(math.exp(1))
    assert float(lambda_rank(logits, labels, mask)) == pytest.approx(first, rel=1e-6)


def test_lambda_rank_sees_nothing_below_its_truncation() -> None:
    logits = torch.tensor([[3.0, 2.0, 1.0]], requires_grad=True)
    labels, mask = torch.tensor([[0.0, 0.0, 1.0]]), torch.ones(1, 3, dtype=torch.bool)
    loss = lambda_rank(logits, labels, mask, truncation=1)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert gradient[0, 1] == 0
    assert gradient[0, 0] > 0 > gradient[0, 2]


def test_lambda_rank_sorts_a_list_by_its_grades() -> None:
    labels = torch.tensor([[0.0, 3.0, 1.0, 0.0, 2.0]])
    logits = torch.zeros(1, 5, requires_grad=True)
    for _ in range(50):
        (gradient,) = torch.autograd.grad(
            lambda_rank(logits, labels, torch.ones(1, 5, dtype=torch.bool)), logits
        )
        logits = (logits - 0.5 * gradient).detach().requires_grad_()
    assert logits.argsort(1, descending=True)[0, :3].tolist() == [1, 4, 2]


def test_the_offset_undoes_the_sampling() -> None:
    """With negatives kept at a tenth, the best logit is the one of the whole log."""
    rate, labels = torch.tensor([0.1]), torch.tensor([[1.0, 0.0]])
    mask = torch.ones(1, 2, dtype=torch.bool)
    logit = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([logit], max_iter=50)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = exposure_loss(logit.expand(1, 2), labels, mask, rate)
        torch.autograd.backward(loss)
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    # One purchase to one kept, so to ten real exposures without.
    assert float(torch.sigmoid(logit.detach())) == pytest.approx(1 / 11, abs=1e-3)


def test_sampled_softmax_nears_the_full_one() -> None:
    torch.manual_seed(0)
    n, d = 50, 4
    items, contexts = torch.randn(n, d), torch.randn(20, d)
    targets = torch.randint(0, n, (20,))
    q = torch.softmax(torch.randn(n), 0)
    count = 200_000
    sampled = torch.multinomial(q, count, replacement=True)
    found = sampled_softmax(
        contexts, items[targets], items[sampled], torch.log(q * count)[sampled],
        torch.zeros(20, count, dtype=torch.bool),
    )  # fmt: skip
    # The positive stands beside a full sample, so it is counted once more than in the full loss.
    logits = contexts @ items.T
    own = logits.gather(1, targets[:, None])
    full = -functional.log_softmax(torch.cat([own, logits], 1), 1)[:, 0].mean()
    assert float(found) == pytest.approx(float(full), rel=0.01)
