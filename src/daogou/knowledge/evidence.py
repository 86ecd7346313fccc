"""When a passage answers: lexical and semantic evidence, brought to one confidence.

The numbers are those of a logistic regression on the first half of the questions in
``benchmarks/queries/knowledge.jsonl``, rounded to values between those of the two bundled encoders;
unanswerable questions weigh twice, since a wrong answer is worse than none. The bias of the second
rule is stricter than its fit: with it fewer answers of the first half are wrong.
``python -m benchmarks.knowledge --fit`` makes them anew, and tells what they are worth on the
other half.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from daogou.encoders.base import Float32


@dataclass(frozen=True, slots=True)
class Evidence:
    """Weights of a logistic regression over what words and meaning say of a passage."""

    lexical: float
    semantic: float
    bias: float

    def confidence(self, lexical: Float32, semantic: Float32, links: Float32) -> Float32:
        """How sure it is that each passage answers, 0 to 1, float32 [P].

        ``links`` are log odds that are added: what the article is about is a hint too.
        """
        odds = self.lexical * lexical + self.semantic * semantic + self.bias + links
        return np.asarray(1 / (1 + np.exp(-odds)), np.float32)


BOTH: Final = Evidence(lexical=6.9, semantic=6.3, bias=-3.6)
"""Question and passage in one language."""
MEANING: Final = Evidence(lexical=0.0, semantic=8.6, bias=-2.7)
"""In two languages, where words can hardly meet."""
WORDS: Final = Evidence(lexical=8.3, semantic=0.0, bias=-2.3)
"""Without an encoder, or while the vectors are being made."""
ANSWERS: Final = 0.5
"""From this confidence on a passage is an answer."""
PRODUCT_LINK: Final = 1.0
"""What it adds to the log odds that the article names the product."""
CATEGORY_LINK: Final = 0.6
"""The same of its category or brand."""
RELATED: Final = 0.46
"""From this cosine on an article that names nothing of a product is shown beside it."""
