"""The demo shop: a real shop's year, made into the feeds that a merchant would send."""

from daogou.demo.build import DemoFeeds, build_feeds

__all__ = ["DemoFeeds", "build_feeds"]
