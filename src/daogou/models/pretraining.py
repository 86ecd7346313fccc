"""What the towers learn before any task does: masked events, and items from their content.

Dimension letters: B rows, N tokens, V items, D width, T size of a text vector.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from daogou.models.joint import JointModel
from daogou.models.towers import START, ItemInputs, Tokens

TEXT_WEIGHT = 4.0
"""Of the text's cosine distance beside the log losses of the codes, which are some nats each."""


class ItemAutoencoder(nn.Module):
    """A variational autoencoder over item content, with the item tower as its encoder.

    The tower's content vector is the mean of ``q(z | item)``; from a sample of it the text
    vector, category, brand and attribute values are to be told again (Kingma and Welling,
    ICLR 2014; on items for recommendation: Li and She, "Collaborative variational
    autoencoder", KDD 2017). What is left out of ``v`` costs reconstruction, what is kept
    costs divergence, so that ``v`` is a smooth summary before any event is seen.
    """

    def __init__(self, model: JointModel) -> None:
        super().__init__()
        d, sizes = model.config.width, model.content.sizes
        self.spread = nn.Linear(d, d)
        self.text = nn.Linear(d, sizes.text)
        self.category = nn.Linear(d, sizes.categories)
        self.brand = nn.Linear(d, sizes.brands)
        self.attribute = nn.Linear(d, sizes.attributes)
        nn.init.constant_(self.spread.bias, -3.0)

    def forward(self, model: JointModel, inputs: ItemInputs, beta: float) -> Tensor:
        """Reconstruction plus ``beta`` times divergence per item, of a batch of items."""
        mean = model.item_tower.content(inputs)  # [N, D]
        log_variance = self.spread(mean).clamp(-8, 4)
        z = mean + torch.randn_like(mean) * torch.exp(log_variance / 2)
        loss = functional.cross_entropy(self.category(z), inputs.category)
        loss = loss + functional.cross_entropy(self.brand(z), inputs.brand)
        told = inputs.text.norm(dim=-1) > 0
        if bool(told.any()):
            cosine = functional.cosine_similarity(self.text(z)[told], inputs.text[told], dim=-1)
            loss = loss + TEXT_WEIGHT * (1 - cosine).mean()
        valued = inputs.attributes > 0  # [N, A]
        if bool(valued.any()):
            # The values of an item as draws from one distribution (Liang et al., WWW 2018).
            logs = functional.log_softmax(self.attribute(z), -1).gather(1, inputs.attributes)
            loss = loss - logs[valued].mean()
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(-1).mean()
        total: Tensor = loss + beta * divergence
        return total


class MaskedEvents(nn.Module):
    """Lines are hidden and to be told from both sides (BERT4Rec: Sun et al., CIKM 2019)."""

    def __init__(self, model: JointModel) -> None:
        super().__init__()
        self.mask = nn.Parameter(torch.zeros(model.config.width))

    def states(
        self, model: JointModel, lines: Tensor, tokens: Tokens, share: float
    ) -> tuple[Tensor, Tensor]:
        """States after hiding a ``share`` of the lines, [B, N, D], and where, bool [B, N].

        ``lines`` are item vectors [B, N, D], 0 at a token that is no line.
        """
        is_line = (tokens.kinds > 0) & (tokens.kinds < START)
        hidden = is_line & (torch.rand(tokens.kinds.shape) < share)
        shown = torch.where(hidden[..., None], self.mask, lines)
        return model.context_tower.states(shown, tokens, both_ways=True), hidden
