"""What the parts of a bundle are: products that the name calls, before those that speak of it."""

import pytest

from daogou.assistant.needs import naming
from daogou.types import LocalizedText, Product


@pytest.mark.parametrize(
    ("title", "name", "expected"),
    [
        ("Vegetable salad, deli", "salad", 2),
        ("Lettuce salads", "salad", 2),
        ("Tomato Sauce 15 oz", "tomato sauce", 2),
        ("Spaghetti, 500 g", "spaghetti", 2),
        ("Fresh fruit from the salad bar", "salad", 1),
        ("Pourable salad dressing", "salad", 1),
        ("Parmesan Cheese, 200 g", "parmesan", 1),
        ("Shredded cheese, 8 oz", "parmesan", 0),
        ("散装蔬菜沙拉", "沙拉", 2),
        ("沙拉吧鲜果", "沙拉", 1),
        ("番茄酱 15盎司", "番茄酱", 2),
        ("芝士通心粉速食", "帕玛森奶酪", 0),
        ("Anything", "", 0),
    ],
)
def test_a_name_is_what_a_product_is_or_is_in_its_title(
    title: str, name: str, expected: int
) -> None:
    assert naming(Product("p", title), name) == expected


def test_a_name_counts_in_either_language() -> None:
    product = Product("p", "Cut greens", localized={"zh": LocalizedText("蔬菜沙拉")})
    assert naming(product, "沙拉") == 2
