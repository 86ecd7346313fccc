"""Candidate sources that were fitted to a shop, as serving runs them: no torch, no scipy."""

from daogou.retrieval.sources.base import Source

__all__ = ["Source"]
