"""The demo shop: a real shop's year, made into the feeds that a merchant would send."""

from daogou.demo.build import DemoFeeds, build_feeds
from daogou.demo.controls import demo_controls
from daogou.demo.knowledge import demo_articles

__all__ = ["DemoFeeds", "build_feeds", "demo_articles", "demo_controls"]
