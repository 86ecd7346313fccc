"""The settings of the engine."""

from dataclasses import dataclass

from daogou.ranking import HEADS
from daogou.ranking.arrange import Arranger
from daogou.understanding import SURE


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """The ``[engine]`` table of daogou.toml.

    Attributes
    ----------
    candidates
        The best of a match set, so many at most, are put in order by the model; the others
        follow in the order of their words, or of their popularity.
    fill_below
        Products that have no word of the query join by their meaning where fewer than so many
        have all of its words.
    near
        A product is near in meaning from this cosine on.
    look
        A product looks like a photo from this cosine of their pictures on.
    weight_words
        What the words beside a photo count in the order of what looks like it: a product that
        answers them best gains so much of a cosine over one that does so least.
    sure
        What was understood of a query leaves products out from this confidence on, and moves
        products up below it.
    weight_content, weight_relevance, weight_click, weight_purchase, weight_next
        What counts in the order of search results: how well a product answers by its words and
        its meaning, and what the model's heads say: answers the query, is looked at, is bought
        once shown, is in the visitor's next basket. Without a trained model content alone does.
    arranger
        How a page of recommendations gets its variety. ``"mmr"``: each product is held against
        the one most like it. ``"dpp"``: against all those before it together. How much variety is
        for each request to say (``params.diversity``).
    explore_share
        The share of a page of recommendations that goes to products which are new, or of which
        hardly any was sold, so that a shop finds out whether they would be; 0 to 1. The first
        place is never among them, and "buy-again" has none. 0.1 is one place in ten.
    fresh_days
        A product is new for so many days after it was published.
    popularity_control
        How much popularity counts against a recommended product; 0 to 1. At 1 a product that is
        one standard deviation more popular than the other candidates, on a log scale, loses one
        standard deviation of score. Not in "buy-again", and not for a visitor of whom nothing is
        known on a page that is about no product: there popularity is all that can be gone by.
    """

    candidates: int = 200
    fill_below: int = 24
    near: float = 0.4
    look: float = 0.4
    weight_words: float = 0.3
    sure: float = SURE
    weight_content: float = 3.0
    weight_relevance: float = 1.0
    weight_click: float = 0.0
    weight_purchase: float = 0.0
    weight_next: float = 0.0
    arranger: Arranger = "mmr"
    explore_share: float = 0.0
    fresh_days: int = 30
    popularity_control: float = 0.0

    @property
    def heads(self) -> dict[str, float]:
        """The weights of the model's heads, by head."""
        return {head: getattr(self, f"weight_{head}") for head in HEADS}

    def __post_init__(self) -> None:
        if self.candidates < 1:
            raise ValueError(f"candidates is {self.candidates}; expected 1 or more, such as 200.")
        for name in ("near", "look"):
            if not -1 <= (cosine := getattr(self, name)) <= 1:
                raise ValueError(f"{name} is {cosine}; expected a cosine, such as 0.4.")
        if not 0 <= self.sure <= 1:
            raise ValueError(f"sure is {self.sure}; expected a confidence, such as 0.8.")
        for name in ("words", "content", *HEADS):
            if (weight := getattr(self, f"weight_{name}")) < 0:
                raise ValueError(f"weight_{name} is {weight}; expected 0 or more.")
        for name in ("explore_share", "popularity_control"):
            if not 0 <= (dial := getattr(self, name)) <= 1:
                raise ValueError(f"{name} is {dial}; expected 0 to 1, such as 0.1.")
        if self.fresh_days < 0:
            raise ValueError(f"fresh_days is {self.fresh_days}; expected 0 or more, such as 30.")
