"""The joint model in torch: towers, ranker, losses. Only training imports this."""

from daogou.models.config import ModelConfig
from daogou.models.joint import ItemContent, JointModel
from daogou.models.losses import exposure_loss, listwise, sampled_softmax
from daogou.models.ranker import HEADS, Ranker
from daogou.models.towers import ContextTower, ItemTower

__all__ = [
    "HEADS",
    "ContextTower",
    "ItemContent",
    "ItemTower",
    "JointModel",
    "ModelConfig",
    "Ranker",
    "exposure_loss",
    "listwise",
    "sampled_softmax",
]
