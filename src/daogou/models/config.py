"""The sizes of the joint model."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Sizes and regularisation of the towers and heads.

    Attributes
    ----------
    width
        D: the size of item and context vectors.
    layers, attention_heads
        Of the context tower's Transformer.
    length
        L: how many of the visitor's newest history lines the context tower reads.
    hidden
        Width of the ranker's shared layer.
    id_dropout
        Share of items whose ID embedding is dropped in a training step, so that an
        item that nobody has bought yet can be placed by its content alone.
    likeness_dropout
        Share of the training rows that are ranked without the towers' likeness.
    dropout
        In the Transformer and the ranker.
    """

    width: int = 64
    layers: int = 2
    attention_heads: int = 4
    length: int = 48
    hidden: int = 96
    id_dropout: float = 0.5
    likeness_dropout: float = 0.3
    dropout: float = 0.1
