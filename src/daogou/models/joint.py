"""The joint model: one item tower and one context tower under every head."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from daogou.models.config import ModelConfig
from daogou.models.intent import IntentHead
from daogou.models.ranker import Ranker
from daogou.models.towers import ContentSizes, ContextTower, ItemInputs, ItemTower


@dataclass(frozen=True, slots=True)
class ItemContent:
    """What the item tower reads of each item: V rows.

    ``text`` is float16 [V, T] and ``image`` float16 [V, I], I 0 where the shop has none;
    codes are int64 [V], ``attributes`` int64 [V, A], padded with 0; ``price`` is float32 [V]
    in minor units, NaN where unknown. ``sizes`` are the vocabularies' sizes. ``names`` are
    the text vectors of the categories' names, float32 [C, T].
    """

    text: Tensor
    image: Tensor
    category: Tensor
    department: Tensor
    brand: Tensor
    attributes: Tensor
    price: Tensor
    sizes: ContentSizes
    names: Tensor

    def rows(self, items: Tensor) -> ItemInputs:
        """The tower's inputs for ``items``, int64 [N]."""
        return ItemInputs(
            text=self.text[items].float(),
            image=self.image[items].float(),
            category=self.category[items],
            department=self.department[items],
            brand=self.brand[items],
            attributes=self.attributes[items],
            price=self.price[items],
        )


class JointModel(nn.Module):
    """Towers, ranker and intent head. Content is data, not weights, and stands beside the model."""

    def __init__(self, config: ModelConfig, content: ItemContent, *, n_features: int) -> None:
        super().__init__()
        self.config = config
        self.content = content
        self.item_tower = ItemTower(config, content.sizes)
        self.context_tower = ContextTower(config, text_width=content.sizes.text)
        self.ranker = Ranker(config, n_features=n_features)
        self.intent = IntentHead(config, content.names)

    def category_logits(self, query: Tensor) -> Tensor:
        """What text vectors are about: [B, T] -> [B, C]."""
        logits: Tensor = self.intent(query, self.item_tower.category.weight)
        return logits

    def item_vectors(self, items: Tensor) -> Tensor:
        """``v`` of items, int64 [...] -> [..., D]; each distinct item is computed once."""
        distinct, back = torch.unique(items, return_inverse=True)
        vectors: Tensor = self.item_tower(distinct, self.content.rows(distinct))
        return vectors[back]

    @torch.no_grad()
    def all_item_vectors(self, batch: int = 8192) -> Tensor:
        """``v`` of the whole catalogue, [V, D], in evaluation mode."""
        n = self.content.sizes.items
        was_training = self.training
        self.eval()
        parts = [
            self.item_vectors(torch.arange(start, min(start + batch, n)))
            for start in range(0, n, batch)
        ]
        self.train(was_training)
        return torch.cat(parts) if parts else torch.zeros(0, self.config.width)
