"""Cross entropy over a whole catalogue without ever holding its logits."""

from typing import Any, Final

import torch
from torch import Tensor

CHUNK: Final = 128
"""Rows of logits that exist at a time: so few stay near the processor (12,000 items: 6 MB)."""


def _product_type() -> torch.dtype:
    """bfloat16 where the processor multiplies it itself, else float32.

    On two cores with AVX-512 BF16 a product of [2048, 64] by [64, 12101] took 22 ms in
    bfloat16 and 69 ms in float32; without such instructions bfloat16 is the slower one.
    """
    told = torch.cpu.get_capabilities()
    native = told.get("avx512_bf16", False) or told.get("amx_bf16", False)
    return torch.bfloat16 if native else torch.float32


class _CatalogueSoftmax(torch.autograd.Function):
    """The gradients are computed beside the loss, chunk by chunk, while the logits are there.

    Dimension letters: N rows, P pairs, V items, D width.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, table: Tensor, bias: Tensor, rows: Tensor, items: Tensor
    ) -> Tensor:
        # bfloat16 products are some three times as fast as float32 on a CPU that has them; what
        # is added up over the catalogue and over the chunks stays in float32.
        precise = _product_type()
        half_x, half_table = x.to(precise), table.to(precise)
        grad_x, grad_table, grad_bias = torch.zeros_like(x), torch.zeros_like(table), bias * 0
        counts = torch.bincount(rows, minlength=len(x)).to(x.dtype)  # [N]
        starts = torch.arange(0, len(x) + CHUNK, CHUNK)
        bounds = torch.searchsorted(rows, starts).tolist()
        loss = x.new_zeros(())
        for number, start in enumerate(range(0, len(x), CHUNK)):
            cut, pairs = slice(start, start + CHUNK), slice(bounds[number], bounds[number + 1])
            row, item = rows[pairs] - start, items[pairs]
            logits = (half_x[cut] @ half_table.T).float().add_(bias)  # [chunk, V]
            top = logits.amax(1, keepdim=True)
            loss += (counts[cut] * top[:, 0]).sum() - logits[row, item].sum()
            share = logits.sub_(top).exp_()  # one pass of exp serves the loss and the gradient
            total = share.sum(1)
            loss += (counts[cut] * total.log()).sum()
            share.mul_((counts[cut] / total)[:, None])
            share.index_put_((row, item), share.new_full((), -1.0), accumulate=True)
            grad_bias += share.sum(0)
            half = share.to(precise)
            grad_x[cut] = (half @ half_table).float()
            grad_table += (half.T @ half_x[cut]).float()
        n = max(len(items), 1)
        ctx.save_for_backward(grad_x / n, grad_table / n, grad_bias / n)
        return loss / n

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (upstream,) = gradients
        x, table, bias = ctx.saved_tensors
        return upstream * x, upstream * table, upstream * bias, None, None


def catalogue_softmax(
    x: Tensor, table: Tensor, bias: Tensor, rows: Tensor, items: Tensor
) -> Tensor:
    """Mean of ``-log softmax(x W^T + b)[row, item]`` over the pairs, over all V items.

    Full cross entropy beats sampled losses where the catalogue lets it be computed
    (Klenitskiy and Vasilev, "Turning dross into gold loss", RecSys 2023).

    Parameters
    ----------
    x
        What predicts, [N, D].
    table, bias
        W [V, D] and b [V].
    rows, items
        The pairs that came true, int64 [P] each; ``rows`` never fall. A row may have many
        items (multinomial likelihood) or none.
    """
    if not len(items):
        return x.sum() * 0 + table.sum() * 0 + bias.sum() * 0
    loss: Tensor = _CatalogueSoftmax.apply(x, table, bias, rows, items)  # type: ignore[no-untyped-call]
    return loss
