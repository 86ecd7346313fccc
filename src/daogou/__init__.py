"""Daogou (导购): a self-hosted AI shopping guide."""

from importlib.metadata import version

__version__ = version("daogou")
