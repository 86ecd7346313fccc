"""Features: defined once, computed alike in the training replay and in serving."""

from daogou.features.bundled import load_items, save_items
from daogou.features.compute import FEATURES, GROUPS, QueryScores, compute
from daogou.features.history import HISTORY_TYPES, KINDS, MAX_EVENTS, History
from daogou.features.interactions import Interactions
from daogou.features.items import Codes, ItemTable
from daogou.features.log import Basket, Exposures, ShopLog
from daogou.features.stats import ItemStats, Neighbours, Rebuying, item_stats

__all__ = [
    "FEATURES",
    "GROUPS",
    "HISTORY_TYPES",
    "KINDS",
    "MAX_EVENTS",
    "Basket",
    "Codes",
    "Exposures",
    "History",
    "Interactions",
    "ItemStats",
    "ItemTable",
    "Neighbours",
    "QueryScores",
    "Rebuying",
    "ShopLog",
    "compute",
    "item_stats",
    "load_items",
    "save_items",
]
