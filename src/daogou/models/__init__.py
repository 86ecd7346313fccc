"""The joint model in torch: towers, ranker, losses. Only training imports this."""

from daogou.models.catalogue_softmax import catalogue_softmax
from daogou.models.config import ModelConfig
from daogou.models.image_network import ImageNetwork, prepare_image_graph
from daogou.models.joint import ItemContent, JointModel
from daogou.models.losses import exposure_loss, lambda_rank, listwise, sampled_softmax
from daogou.models.ranker import HEADS, Ranker
from daogou.models.towers import ContentSizes, ContextTower, ItemInputs, ItemTower
from daogou.models.weighting import TaskWeights, gradients

__all__ = [
    "HEADS",
    "ContentSizes",
    "ContextTower",
    "ImageNetwork",
    "ItemContent",
    "ItemInputs",
    "ItemTower",
    "JointModel",
    "ModelConfig",
    "Ranker",
    "TaskWeights",
    "catalogue_softmax",
    "exposure_loss",
    "gradients",
    "lambda_rank",
    "listwise",
    "prepare_image_graph",
    "sampled_softmax",
]
