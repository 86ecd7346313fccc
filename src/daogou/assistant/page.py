"""What a page tells beside a message that comes from it."""

from dataclasses import dataclass
from typing import Final

from daogou.assistant.editing import Edit, edited
from daogou.assistant.state import CartLine
from daogou.assistant.turn import Turn


@dataclass(frozen=True, slots=True)
class Page:
    """Where a message comes from.

    Attributes
    ----------
    language
        The shopper's, for a command, which has none itself. None leaves that of the last turn.
    product_id
        The product that the page is about, where that is news: what "it" is.
    cart
        The cart as the page has it; None leaves the conversation's own.
    label
        What the button read that sent a command.
    wishes
        What has been set of the wishes on the page since the last turn.
    """

    language: str | None = None
    product_id: str | None = None
    cart: tuple[CartLine, ...] | None = None
    label: str | None = None
    wishes: Edit | None = None

    def open(self, turn: Turn) -> None:
        """Take what the page knows over into the state of a turn.

        Raises
        ------
        InvalidInput
            A wish is none that the shop could look for.
        """
        if self.wishes is not None:
            turn.state = edited(turn, self.wishes)
        if self.cart is not None:
            turn.set(cart=self.cart)
        product = turn.gate.product(self.product_id)
        if product is not None:
            turn.state = turn.state.focusing(product.id)


NOWHERE: Final = Page()
"""Of a message that comes from no page."""
