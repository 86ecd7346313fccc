"""Products as vectors, in every language that they are described in."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from daogou.encoders import Centring, Kind, Progress
from daogou.retrieval.documents import item_text, item_texts
from daogou.retrieval.item_vectors import encode_products
from daogou.types import LocalizedText, Product

MILK = Product(
    "milk",
    "Whole Milk",
    categories=("Food > Dairy",),
    localized={
        "zh": LocalizedText("全脂牛奶", None, ("食品 > 乳制品",)),
        "fr": LocalizedText(None),
    },
)
SOAP = Product("soap", "Dairy Soap", categories=("Dairy",))


class Letters:
    """Counts of letters, so that vectors can be computed by hand."""

    name, version, dim, blocks = "letters", "1", 3, (3,)

    def encode(
        self, texts: Sequence[str], kind: Kind = "passage", *, progress: Progress | None = None
    ) -> NDArray[np.float32]:
        del kind, progress
        counts = [[text.count(c) for c in "ab牛"] for text in texts]
        return np.array(counts, np.float32).reshape(len(texts), 3)


def test_texts() -> None:
    assert item_texts(MILK) == {"en": "Whole Milk . Dairy", "zh": "全脂牛奶 . 乳制品"}
    assert item_text(MILK) == "Whole Milk . Dairy"
    assert item_texts(SOAP) == {"en": "Dairy Soap"}  # the title says its category


def test_a_product_is_the_mean_of_its_languages() -> None:
    still = Centring({"": np.zeros(3, np.float32)}, (3,))
    texts = [{"en": "aab"}, {"en": "a", "zh": "牛"}, {"en": "b"}]
    vectors, centring = encode_products(Letters(), texts, still)
    half, root = 0.5**0.5, 5**0.5
    expected = [[2 / root, 1 / root, 0], [half, 0, half], [0, 1, 0]]
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
    assert centring is still


def test_the_mean_of_each_language_is_taken_from_it() -> None:
    texts = [{"en": "ab", "zh": "牛牛"}] * 50 + [{"en": "aab", "zh": "牛牛a"}] * 50
    vectors, centring = encode_products(Letters(), texts)
    assert set(centring.means) == {"", "en", "zh"}
    # What all of a language have in common is gone; what tells the two kinds apart is left.
    assert float(vectors[0] @ vectors[-1]) < 0


def test_no_products() -> None:
    vectors, _ = encode_products(Letters(), [])
    assert vectors.shape == (0, 3)
