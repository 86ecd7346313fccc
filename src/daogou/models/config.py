"""The sizes of the joint model, and which of its parts are used."""

from dataclasses import dataclass
from typing import Literal

Block = Literal["transformer", "hstu"]
Experts = Literal["shared", "grouped", "mmoe", "ple"]


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Sizes and regularisation of the towers and heads.

    Attributes
    ----------
    width
        D: the size of item and context vectors.
    block
        Of the context tower: "transformer" (softmax attention and a feed-forward layer) or
        "hstu" (pointwise attention, gated).
    layers, attention_heads
        Of the context tower.
    length
        L: how many of the visitor's newest history lines the context tower reads.
    experts
        What lies between the ranker's input and its heads: one "shared" bottom, one for baskets
        and exposures and one for searches ("grouped"), a mixture of experts with a gate a head
        ("mmoe"), or shared and own experts a head ("ple").
    n_experts
        Of "mmoe"; of "ple" so many are shared, and each head has one more of its own.
    hidden
        Width of the ranker's layers.
    bins
        Quantile bins of each wide feature, by which the ranker sees it piecewise linearly; a
        small shop gets 1.
    id_dropout
        Share of items whose ID embedding is dropped in a training step, so that an
        item that nobody has bought yet can be placed by its content alone.
    likeness_dropout
        Share of the training rows that are ranked without the towers' likeness.
    tower_dropout, dropout
        In the towers, which learn a shop's histories by heart if they are let, and in the ranker.
    """

    width: int = 64
    block: Block = "transformer"
    layers: int = 2
    attention_heads: int = 2
    length: int = 48
    experts: Experts = "shared"
    n_experts: int = 3
    hidden: int = 96
    bins: int = 8
    id_dropout: float = 0.2
    likeness_dropout: float = 0.3
    tower_dropout: float = 0.3
    dropout: float = 0.1
