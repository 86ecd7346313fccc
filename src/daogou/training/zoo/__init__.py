"""The reference models: one module each, fitted here and served as a source.

What is evaluated is what is served: each function gives a
:class:`daogou.retrieval.sources.Source`.
"""

from daogou.training.zoo.als import AlsConfig, fit_als
from daogou.training.zoo.content import ContentConfig, fit_content
from daogou.training.zoo.counting import (
    PersonalConfig,
    PopularityConfig,
    fit_personal,
    fit_popularity,
)
from daogou.training.zoo.ease import EaseConfig, fit_ease
from daogou.training.zoo.gru import GruConfig, fit_gru
from daogou.training.zoo.item2vec import Item2VecConfig, fit_item2vec
from daogou.training.zoo.item_to_item import ItemToItemConfig, fit_item_to_item
from daogou.training.zoo.lightgcn import LightGCNConfig, fit_lightgcn
from daogou.training.zoo.multvae import MultVAEConfig, fit_multvae
from daogou.training.zoo.sasrec import SASRecConfig, fit_sasrec
from daogou.training.zoo.sequential_rules import SequentialRulesConfig, fit_sequential_rules
from daogou.training.zoo.two_tower import TwoTowerConfig, fit_two_tower
from daogou.training.zoo.user_to_user import UserToUserConfig, fit_user_to_user
from daogou.training.zoo.wide_deep import WideDeepConfig, fit_wide_deep

__all__ = [
    "AlsConfig",
    "ContentConfig",
    "EaseConfig",
    "GruConfig",
    "Item2VecConfig",
    "ItemToItemConfig",
    "LightGCNConfig",
    "MultVAEConfig",
    "PersonalConfig",
    "PopularityConfig",
    "SASRecConfig",
    "SequentialRulesConfig",
    "TwoTowerConfig",
    "UserToUserConfig",
    "WideDeepConfig",
    "fit_als",
    "fit_content",
    "fit_ease",
    "fit_gru",
    "fit_item2vec",
    "fit_item_to_item",
    "fit_lightgcn",
    "fit_multvae",
    "fit_personal",
    "fit_popularity",
    "fit_sasrec",
    "fit_sequential_rules",
    "fit_two_tower",
    "fit_user_to_user",
    "fit_wide_deep",
]
