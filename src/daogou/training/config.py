"""The settings of training: one dial, and what it derives."""

from dataclasses import asdict, dataclass, replace
from typing import Literal

from daogou.models import ModelConfig
from daogou.models.config import Block, Experts
from daogou.models.weighting import Weighting

Effort = Literal["quick", "standard", "best"]


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """The ``[training]`` table of daogou.toml.

    Attributes
    ----------
    effort
        The dial: "quick" is minutes on two cores for a shop of the demo's size,
        "standard" is some three times as long, "best" takes what it takes. It sets
        the sizes, the epochs and the number of examples.
    seed
        Of everything that is drawn.
    threads
        Of torch; 0 takes all cores.
    validation_days
        The newest days of the log, on which training stops early; the statistics
        of the bundle count them in.
    replay_days
        The days before those, at most, whose baskets, exposures and queries are the examples;
        fewer where the effort needs no more, so that all else can learn from what is older.
    exposure_days
        A product counts as bought once shown if it is bought within so many days.
    min_basket
        Baskets with fewer distinct products teach nothing about an order.
    block
        Of the context tower: "transformer" or "hstu".
    experts
        Of the ranker: one "shared" bottom; "grouped", one for baskets and exposures and one for
        searches; or a gate a head over experts, "mmoe" or "ple".
    weighting
        Of the tasks: "fixed" lambdas; by learned "uncertainty"; or "balanced", so that all
        tasks pull at the shared towers with the strength that the lambdas say.
    lambda_retrieval, lambda_next, lambda_relevance, lambda_click, lambda_purchase, lambda_intent
        The weight of each task in L = sum of lambda_i L_i; 0 leaves it out.
    lambda_masked, lambda_autoencoder
        The weights of masked events and of the autoencoder over item content in the first
        stage, beside lambda_retrieval; 0 leaves them out.
    """

    effort: Effort = "quick"
    seed: int = 0
    threads: int = 0
    validation_days: int = 14
    replay_days: int = 98
    exposure_days: int = 7
    min_basket: int = 3
    block: Block = "transformer"
    experts: Experts = "grouped"
    weighting: Weighting = "fixed"
    lambda_retrieval: float = 0.5
    lambda_next: float = 1.0
    lambda_relevance: float = 1.5
    lambda_click: float = 1.0
    lambda_purchase: float = 2.0
    lambda_intent: float = 0.2
    lambda_masked: float = 0.0
    lambda_autoencoder: float = 0.0

    def __post_init__(self) -> None:
        for name in ("validation_days", "replay_days", "exposure_days", "min_basket"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected 1 or more.")
        for name, weight in asdict(self).items():
            if name.startswith("lambda_") and weight < 0:
                raise ValueError(f"{name} is {weight}; expected 0 (task left out) or more.")

    def weights(self) -> dict[str, float]:
        """The lambda of each task, by the task's name."""
        return {
            name.removeprefix("lambda_"): float(weight)
            for name, weight in asdict(self).items()
            if name.startswith("lambda_")
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """What the dial derives.

    Attributes
    ----------
    epochs
        At most; patience stops earlier.
    patience
        Epochs without a better validation after which training stops.
    baskets, queries, exposures
        Examples drawn from the replayed days, at most.
    list_size
        Rows of a training list that are kept: all positives, and negatives at random.
    intents
        Queries derived from the catalogue for the intent head, at most.
    pretraining_epochs, pretraining_patience
        Of the first stage: at most so many, and without a better forecast so many more.
    pretraining_tokens
        Events that an epoch of the first stage reads, at most.
    judged
        Validation baskets that the candidate sources compete on.
    batch
        Lists in a step: of baskets; half as many of queries and of exposures; four times
        as many queries of the intent head.
    rows
        Rows of packed histories in a step.
    negatives
        Items that a step's sampled softmax shares, where the catalogue is too large for a
        full one.
    pretraining_rate, learning_rate
        The highest learning rate of each stage.
    """

    model: ModelConfig
    epochs: int
    patience: int
    baskets: int
    queries: int
    exposures: int
    intents: int
    list_size: int
    pretraining_epochs: int
    pretraining_patience: int
    pretraining_tokens: int
    judged: int = 1000
    batch: int = 32
    rows: int = 24
    negatives: int = 1024
    pretraining_rate: float = 3e-3
    learning_rate: float = 2e-3
    weight_decay: float = 0.03


def plan(config: TrainingConfig) -> Plan:
    """The sizes and budgets of an effort, with the parts that the settings name."""
    derived = {
        "quick": Plan(
            ModelConfig(), epochs=3, patience=2, baskets=12_000, queries=10_000, exposures=5_000,
            intents=16_000, list_size=100, pretraining_epochs=8, pretraining_patience=2,
            pretraining_tokens=200_000,
        ),
        "standard": Plan(
            ModelConfig(width=96, length=64), epochs=5, patience=2, baskets=30_000,
            queries=25_000, exposures=15_000, intents=40_000, list_size=128,
            pretraining_epochs=30, pretraining_patience=3, pretraining_tokens=600_000,
        ),
        "best": Plan(
            ModelConfig(width=128, length=96, hidden=128), epochs=8, patience=3,
            baskets=100_000, queries=60_000, exposures=40_000, intents=100_000, list_size=160,
            pretraining_epochs=60, pretraining_patience=5, pretraining_tokens=3_000_000,
        ),
    }[config.effort]  # fmt: skip
    return replace(
        derived, model=replace(derived.model, block=config.block, experts=config.experts)
    )
