"""Mult-VAE: a variational autoencoder of the set of items that a visitor bought."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from daogou.models.zoo.base import HistoryModel


class Encoded(NamedTuple):
    """Mean and log variance of the latent code, [B, Z] each."""

    mean: Tensor
    log_variance: Tensor

    def divergence(self) -> Tensor:
        """KL(q || N(0, I)) of each row, [B]."""
        return 0.5 * (self.log_variance.exp() + self.mean**2 - 1 - self.log_variance).sum(1)


class MultVAE(HistoryModel):
    """Sets of items to a multinomial over all items, through a Gaussian code.

    Liang et al., "Variational autoencoders for collaborative filtering", WWW 2018. The first
    and the last layer are tables of V rows, so that serving needs neither the set as V zeros
    and ones nor a graph with the catalogue in it. Letters: H hidden, Z latent.
    """

    def __init__(self, n_items: int, *, hidden: int, latent: int, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.enter = nn.Embedding(n_items, hidden)
        self.enter_bias = nn.Parameter(torch.zeros(hidden))
        self.to_code = nn.Linear(hidden, 2 * latent)
        self.from_code = nn.Linear(latent, hidden)
        self.leave = nn.Embedding(n_items, hidden)
        self.bias = nn.Parameter(torch.zeros(n_items))
        for table in (self.enter, self.leave):
            nn.init.normal_(table.weight, std=hidden**-0.5)

    def inputs(self) -> Tensor:
        """The encoder's first layer, [V, H]."""
        return self.enter.weight

    def outputs(self) -> tuple[Tensor, Tensor]:
        """The decoder's last layer, [V, H] and [V]."""
        return self.leave.weight, self.bias

    def encode(self, items: Tensor, offsets: Tensor) -> Encoded:
        """Sets of items, one after the other [P] and where each begins [B]; with dropout."""
        sizes = torch.diff(offsets, append=torch.tensor([len(items)]))
        weight = (1 / sizes.clamp(min=1).float().sqrt()).repeat_interleave(sizes)  # [P]
        # Dropout of the input: items fall out of the set, as there.
        weight = functional.dropout(weight, self.dropout, self.training)
        summed = functional.embedding_bag(
            items, self.enter.weight, offsets, mode="sum", per_sample_weights=weight
        )
        return self._code(summed)

    def sample(self, encoded: Encoded) -> Tensor:
        """User vectors of codes drawn around their means (reparametrised), [B, H]."""
        noise = torch.randn_like(encoded.mean)
        return self._decode(encoded.mean + noise * torch.exp(0.5 * encoded.log_variance))

    def forward(self, lines: Tensor) -> Tensor:
        """Decode the mean of the code of whole sets, [B, L, H] -> [B, H]."""
        return self._decode(self._code(lines.sum(1) / lines.shape[1] ** 0.5).mean)

    def _code(self, summed: Tensor) -> Encoded:
        mean, log_variance = self.to_code(torch.tanh(summed + self.enter_bias)).chunk(2, 1)
        return Encoded(mean, log_variance)

    def _decode(self, code: Tensor) -> Tensor:
        return torch.tanh(self.from_code(code))
