"""What the shop knows beside its products: extracts that answer, articles that go with a product.

Nothing here writes a sentence. An answer is a piece of an article, of a product's questions and
answers, or an attribute of its record, unchanged and with its place; or there is none.
"""

from daogou.knowledge.base import KnowledgeBase
from daogou.knowledge.extracts import Extract, RelatedArticle

__all__ = ["Extract", "KnowledgeBase", "RelatedArticle"]
