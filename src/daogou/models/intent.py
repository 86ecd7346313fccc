"""The intent head: which of the catalogue's categories a text is about."""

import torch
from torch import Tensor, nn

from daogou.models.config import ModelConfig


class IntentHead(nn.Module):
    """Text vectors to logits over the categories: ``project(q) . E[c] + s q . n_c + b_c``.

    ``E`` is the category embedding of the item tower, so that what the shoppers' behaviour
    says of a category and what queries say of it meet in one vector. ``n_c`` is the text
    vector of the category's name: a category that few queries were seen of, or none, is
    found by its name.

    Dimension letters: B batch, C categories (code 0, "unknown", included), T size of a
    text vector, D width.

    Parameters
    ----------
    names
        ``n_c``, [C, T]; zeros where a category has no name.
    """

    names: Tensor
    temperature: Tensor

    def __init__(self, config: ModelConfig, names: Tensor) -> None:
        super().__init__()
        categories, text_width = names.shape
        self.register_buffer("names", names, persistent=False)
        self.register_buffer("temperature", torch.ones(()))
        leave = nn.Linear(2 * config.hidden, config.width)
        self.project = nn.Sequential(
            nn.Linear(text_width, 2 * config.hidden), nn.GELU(), nn.Dropout(config.dropout), leave
        )
        # It begins as the nearest name, and learns what to add to that.
        nn.init.zeros_(leave.weight)
        nn.init.zeros_(leave.bias)
        self.likeness = nn.Parameter(torch.tensor(20.0))
        self.bias = nn.Parameter(torch.zeros(categories))

    def forward(self, query: Tensor, table: Tensor) -> Tensor:
        """Calibrated logits: query [B, T], E [C, D] -> [B, C]; never "unknown"."""
        logits = self.project(query) @ table.T + self.likeness * (query @ self.names.T) + self.bias
        unknown = torch.arange(len(self.bias), device=logits.device) == 0
        calibrated: Tensor = logits.masked_fill(unknown, -1e4) / self.temperature
        return calibrated

    @torch.no_grad()
    def calibrate(self, logits: Tensor, labels: Tensor) -> None:
        """Set the temperature by held-out ``labels`` [N]: they are to be as likely as can be.

        ``logits`` [N, C] are those of a temperature of 1. Guo et al., "On calibration of modern
        neural networks", ICML 2017. One number is sought, on a grid of 2% steps.
        """
        grid = torch.exp(torch.arange(-1.4, 1.4, 0.02))
        losses = torch.stack([nn.functional.cross_entropy(logits / t, labels) for t in grid])
        self.temperature.copy_(grid[int(losses.argmin())])
