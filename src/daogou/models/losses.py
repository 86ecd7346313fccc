"""The losses of the heads."""

import torch
from torch import Tensor
from torch.nn import functional


def sampled_softmax(
    contexts: Tensor, positives: Tensor, negatives: Tensor, log_q: Tensor, accidental: Tensor
) -> Tensor:
    """Softmax over the positive and shared, sampled negatives, with logQ correction.

    An item that is sampled more often is discounted by the log of its sampling
    probability, so that popular items are not pushed down (Bengio and Senecal,
    2008; Yi et al., 2019). The positive is not sampled and not corrected.

    Parameters
    ----------
    contexts, positives
        [M, D] each: what predicts, and the vector of what followed.
    negatives
        [N, D].
    log_q
        Log of the expected count of each negative in the sample, [N].
    accidental
        True where the negative is the row's positive, bool [M, N].
    """
    positive = (contexts * positives).sum(-1, keepdim=True)  # [M, 1]
    negative = contexts @ negatives.T - log_q  # [M, N]
    negative = negative.masked_fill(accidental, -torch.inf)
    return -functional.log_softmax(torch.cat([positive, negative], 1), 1)[:, 0].mean()


def listwise(logits: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """Cross entropy between the labels' distribution and the softmax of a list (ListNet).

    Cao et al., 2007, top-one probability. Lists without a positive label say
    nothing of an order, and count nothing.

    Parameters
    ----------
    logits, labels
        [B, K]; labels are gains, 0 and above.
    mask
        bool [B, K]: which entries are there.
    """
    labels = labels * mask
    total = labels.sum(1)
    told = total > 0
    if not bool(told.any()):
        return logits.sum() * 0
    logits = logits.masked_fill(~mask, -1e9)[told]
    target = labels[told] / total[told, None]
    return -(target * functional.log_softmax(logits, 1)).sum(1).mean()


def lambda_rank(
    logits: Tensor, labels: Tensor, mask: Tensor, k: int = 10, truncation: int = 20
) -> Tensor:
    """Pairs in the wrong order, each weighed by what NDCG@k loses by it (LambdaRank).

    Burges, 2010; as a loss with a gradient of its own: Wang et al., "The LambdaLoss Framework
    for Ranking Metric Optimization", 2018. :func:`listwise` counts every position alike; this
    spends itself where the list is cut. The weights are of the order as it is, and have no
    gradient. Lists without a positive label count nothing.

    Parameters
    ----------
    logits, labels, mask
        As of :func:`listwise`, [B, K].
    k
        Depth of the ideal order that each list's weights are shares of.
    truncation
        Ranks from here on are all worth 0: two items that are both below it are no pair.
    """
    labels = labels * mask
    told = labels.sum(1) > 0
    if not bool(told.any()):
        return logits.sum() * 0
    logits, labels, mask = logits[told], labels[told], mask[told]
    with torch.no_grad():
        discounts = 1 / torch.log2(torch.arange(2.0, labels.shape[1] + 2))
        ideal = (labels.topk(min(k, labels.shape[1])).values * discounts[:k]).sum(1)
        discounts[truncation:] = 0
        order = logits.masked_fill(~mask, -torch.inf).argsort(1, descending=True)
        worth = torch.empty_like(logits).scatter_(1, order, discounts.expand_as(logits))
        gain = (labels[:, :, None] - labels[:, None, :]).clamp(min=0) * mask[:, None, :]
        weight = gain * (worth[:, :, None] - worth[:, None, :]).abs() / ideal[:, None, None]
    wrong = functional.softplus(logits[:, None, :] - logits[:, :, None])
    return (weight * wrong).sum((1, 2)).mean()


def exposure_loss(logits: Tensor, labels: Tensor, mask: Tensor, rate: Tensor) -> Tensor:
    """Binary cross entropy of "bought once shown" on sampled exposures.

    The exposures without a purchase are a sample of ``rate``, which multiplies
    the odds by its inverse; adding that as an offset makes the logit itself one
    of the whole log (prior correction: King and Zeng, 2001).

    Parameters
    ----------
    logits, labels
        [B, K].
    mask
        bool [B, K].
    rate
        Share of the unbought exposures that was kept, [B].
    """
    shifted = logits - torch.log(rate)[:, None]
    loss = functional.binary_cross_entropy_with_logits(shifted, labels, reduction="none")
    return (loss * mask).sum() / mask.sum().clamp(min=1)
