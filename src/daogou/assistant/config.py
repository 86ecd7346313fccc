"""The ``[assistant]`` section of ``daogou.toml``."""

from dataclasses import dataclass

from daogou.errors import ConfigError


@dataclass(frozen=True, slots=True)
class AssistantConfig:
    """How the assistant of a shop talks.

    Attributes
    ----------
    contact
        Where shoppers are sent with what the assistant cannot see, such as their orders:
        an address, a number, a page. Empty says only that the shop has to be asked.
    slate
        How many products a turn shows at most.
    few
        From so many candidates down no question is asked: they are shown.
    question_cost
        What a question costs the shopper, in bits: it is asked where its answer is
        expected to tell more.
    max_characters
        So many characters of a message are read.
    max_quantity
        The most of one product that goes into the cart.
    """

    contact: str = ""
    slate: int = 5
    few: int = 4
    question_cost: float = 0.8
    max_characters: int = 2000
    max_quantity: int = 99

    def __post_init__(self) -> None:
        for name in ("slate", "max_characters", "max_quantity"):
            if getattr(self, name) < 1:
                raise ConfigError(
                    f"[assistant] {name} is {getattr(self, name)}; expected 1 or more."
                )
