"""A small shelf of knowledge in both languages, and an encoder that all tests share."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from daogou.demo import demo_articles
from daogou.encoders import Centring, EncoderConfig, TextEncoder, open_text_encoder
from daogou.knowledge import KnowledgeBase
from daogou.store import Store
from daogou.types import Article, LocalizedText, Product, QuestionAnswer

BREAD: Final = "Bakery > Bread"
ARTICLES: Final = (
    Article(
        "storing-bread",
        "How to keep bread fresh",
        "Bread stays best for two to four days in a bread box. Lay it on its cut side.\n\n"
        "## Freezer\nSlice the loaf and freeze it for up to three months.",
        "en",
        "storing",
        (BREAD,),
        uri="https://shop.example/bread",
    ),
    Article(
        "storing-bread",
        "面包怎么保存",
        "面包放在面包箱里，两到四天内口感最好。切面朝下放。\n\n## 冷冻\n切片以后可以冷冻三个月。",
        "zh",
        "storing",
        ("烘焙坊 > 面包",),
    ),
    Article(
        "thaw-turkey",
        "How to thaw a turkey",
        "Count 24 hours in the refrigerator for every 4 to 5 lb. Never thaw it on the counter.",
        "en",
        "how-to",
        ("Meat > Turkey",),
    ),
    Article(
        "stains",
        "衣服上的红酒渍怎么去",
        "先用冷水冲，再用白醋或含氧去渍剂。污渍没去掉之前不要烘干。",
        "zh",
        "how-to",
        ("家居 > 洗衣",),
    ),
    Article(
        "returns",
        "Returns and refunds",
        "Unopened goods with a receipt are taken back within 30 days.",
        "en",
        "policy",
    ),
    Article(
        "loaf-sliced",
        "Is this loaf sliced?",
        "Yes, it is cut into 20 slices.",
        "en",
        "question",
        product_ids=("loaf",),
    ),
    Article("alto", "About Alto", "Alto makes jackets in Porto.", "en", brands=("Alto",)),
)
PRODUCTS: Final = (
    Product(
        "loaf",
        "Wholewheat bread, 20 oz",
        brand="Millstone",
        categories=(f"{BREAD} > Wholewheat",),
        attributes={"size": ("20 oz",), "emoji": ("🍞",)},
        localized={"zh": LocalizedText("全麦面包 20 盎司", categories=("烘焙坊 > 面包 > 全麦",))},
    ),
    Product(
        "jacket",
        "Alto rain jacket",
        brand="Alto",
        categories=("Clothing > Jackets",),
        attributes={
            "waterproof": ("Yes, 10,000 mm",),
            "material": ("nylon", "polyester"),
            "heel_height": ("2 in",),
            "features": ("Windproof", "Packable"),
        },
        questions=(
            QuestionAnswer("Does it have a hood?", "Yes. The hood folds into the collar."),
            QuestionAnswer("Can it be machine washed?", "Yes, at 30 °C, without softener."),
        ),
    ),
    Product("tin", "Rye bread in a tin", categories=(BREAD,)),
)


@pytest.fixture(scope="session")
def encoder() -> TextEncoder:
    return open_text_encoder(EncoderConfig(cache=False), None)


@pytest.fixture(scope="session")
def centring(encoder: TextEncoder) -> Centring:
    """Means of many texts, as a bundle has them: those of a handful are mostly their content."""
    articles = list(demo_articles())
    texts = [f"{article.title} {article.text}" for article in articles]
    return Centring.fit(encoder.encode(texts), [a.language for a in articles], encoder.blocks)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Store]:
    """A store with the articles and products."""
    with Store.open(f"sqlite:///{tmp_path / 'daogou.db'}") as store:
        store.put_articles(ARTICLES)
        store.put_products(PRODUCTS)
        yield store


@pytest.fixture
def base(shelf: Store, encoder: TextEncoder, centring: Centring) -> KnowledgeBase:
    opened = KnowledgeBase(shelf, encoder, centring)
    opened.refresh()
    return opened
