"""The demo shop's articles: 44 of our own, each in English and Chinese."""

from collections.abc import Iterator
from importlib import resources

from daogou.errors import FeedError
from daogou.feeds import RowError, read_articles
from daogou.types import Article


def demo_articles() -> Iterator[Article]:
    """Every article in ``data/knowledge``, in the order of their ids.

    Raises
    ------
    FeedError
        One of the files is damaged.
    """
    folder = resources.files("daogou.demo").joinpath("data/knowledge")
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        with resources.as_file(entry) as path:
            for article in read_articles(path):
                if isinstance(article, RowError):
                    raise FeedError(f"The demo's articles are damaged: {article} Reinstall Daogou.")
                yield article
