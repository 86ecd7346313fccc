"""What is recommended to who names no kind of thing."""

from collections.abc import Mapping

from daogou.assistant import (
    Assistant,
)
from daogou.types import Product
from tests.journeys.checking import talk


def test_a_gift_without_a_kind_is_worth_giving_and_asked_about(
    assistant: Assistant, records: Mapping[str, Product]
) -> None:
    reply = talk(assistant, "a gift for my mom under $60")
    products = [records[card.id] for card in reply.products]
    departments = [product.categories[0].split(" > ")[0] for product in products]
    assert len(set(departments)) == len(departments) > 1
    assert all(p.price is not None and 2000 <= p.price.amount <= 6000 for p in products)
    assert reply.state.asked == "categories"
    assert {"/skip"} < {offer.payload for offer in reply.quick_replies}
