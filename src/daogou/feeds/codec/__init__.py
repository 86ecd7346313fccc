"""Products, events and articles to JSON and back: the one place that knows the field names."""

from daogou.feeds.codec.articles import article_from_json, article_to_json
from daogou.feeds.codec.events import event_from_json, event_to_json
from daogou.feeds.codec.prices import money_from_json, money_to_json
from daogou.feeds.codec.products import product_from_json, product_to_json
from daogou.feeds.codec.sent import SentEvent, sent_events

__all__ = [
    "SentEvent",
    "article_from_json",
    "article_to_json",
    "event_from_json",
    "event_to_json",
    "money_from_json",
    "money_to_json",
    "product_from_json",
    "product_to_json",
    "sent_events",
]
