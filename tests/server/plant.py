"""Plant a small shop in a folder: ``python plant.py HOME``.

60 groceries, and 40 households who have bought by recipe for half a year: who buys
spaghetti buys tomato sauce, who buys cereal buys milk, and so on. So it is known what goes
with what, and what a household buys again. The bundle beside them was not trained: its
ranker is written by hand, linear in what was bought and in what goes with it.
"""

import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from daogou.bundle import BundleWriter, activate
from daogou.encoders import Centring, EncoderConfig, open_text_encoder
from daogou.features import FEATURES, ItemTable, ShopLog, item_stats, save_items
from daogou.features.attributes import MOST_VALUES
from daogou.features.items import Float32
from daogou.retrieval import build_dense, build_lexical, lexical_document
from daogou.retrieval.building import build_item_to_item
from daogou.retrieval.documents import item_text
from daogou.store import Store
from daogou.types import EventLine, LocalizedText, Money, Product, UserEvent, Variant

NOW: Final = datetime.now(UTC)  # the served engine looks at the clock, so habits are relative to it
RECIPES: Final = (
    ("spaghetti", "tomato-sauce", "parmesan"),
    ("cereal", "milk", "banana"),
    ("burger-buns", "ground-beef", "ketchup"),
    ("coffee", "cream", "sugar"),
    ("tortillas", "salsa", "avocado"),
    ("rice", "soy-sauce", "tofu"),
)

# id: English title, Chinese title, brand, category, Chinese category, cents, emoji
_ROWS: Final = """
spaghetti|Spaghetti, 16 oz|意大利面 16 盎司|Bella|Pantry > Pasta|食品柜 > 意面|179|🍝
penne|Penne Rigate, 16 oz|通心粉 16 盎司|Bella|Pantry > Pasta|食品柜 > 意面|189|🍝
tomato-sauce|Tomato Basil Sauce, 24 oz|番茄罗勒酱 24 盎司|Bella|Pantry > Sauces|食品柜 > 酱料|329|🥫
soy-sauce|Soy Sauce, 15 oz|酱油 15 盎司|Golden Pot|Pantry > Sauces|食品柜 > 酱料|289|🥢
ketchup|Tomato Ketchup, 32 oz|番茄酱 32 盎司|Redfield|Pantry > Sauces|食品柜 > 酱料|349|🍅
salsa|Mild Salsa, 16 oz|微辣莎莎酱 16 盎司|Casa Sol|Pantry > Sauces|食品柜 > 酱料|299|🌶️
rice|Jasmine Rice, 5 lb|茉莉香米 5 磅|Golden Pot|Pantry > Grains|食品柜 > 谷物|799|🍚
oats|Rolled Oats, 42 oz|燕麦片 42 盎司|Millstone|Pantry > Grains|食品柜 > 谷物|459|🌾
cereal|Honey Rings, 12 oz|蜂蜜圈麦片 12 盎司|Millstone|Pantry > Breakfast|食品柜 > 早餐|399|🥣
granola|Almond Granola, 11 oz|杏仁格兰诺拉 11 盎司|Millstone|Pantry > Breakfast|食品柜 > 早餐|549|🥣
sugar|Cane Sugar, 4 lb|蔗糖 4 磅|Millstone|Pantry > Baking|食品柜 > 烘焙|329|🧂
flour|Plain Flour, 5 lb|中筋面粉 5 磅|Millstone|Pantry > Baking|食品柜 > 烘焙|299|🌾
milk|Whole Milk, 1 gal|全脂牛奶 1 加仑|Green Farm|Dairy > Milk|乳制品 > 牛奶|349|🥛
oat-milk|Oat Drink, 64 oz|燕麦奶 64 盎司|Green Farm|Dairy > Milk|乳制品 > 牛奶|429|🥛
cream|Half & Half, 32 oz|咖啡奶油 32 盎司|Green Farm|Dairy > Cream|乳制品 > 奶油|279|🥛
butter|Butter, 16 oz|黄油 16 盎司|Green Farm|Dairy > Butter|乳制品 > 黄油|449|🧈
parmesan|Grated Parmesan, 8 oz|帕玛森芝士碎 8 盎司|Bella|Dairy > Cheese|乳制品 > 奶酪|499|🧀
cheddar|Cheddar, 8 oz|切达奶酪 8 盎司|Green Farm|Dairy > Cheese|乳制品 > 奶酪|379|🧀
yogurt|Greek Yogurt, 32 oz|希腊酸奶 32 盎司|Green Farm|Dairy > Yogurt|乳制品 > 酸奶|529|🍶
eggs|Eggs, 12 ct|鸡蛋 12 枚|Green Farm|Dairy > Eggs|乳制品 > 鸡蛋|299|🥚
banana|Bananas, 1 lb|香蕉 1 磅||Produce > Fruit|果蔬 > 水果|59|🍌
apple|Gala Apples, 3 lb|嘎啦苹果 3 磅|Orchard Lane|Produce > Fruit|果蔬 > 水果|449|🍎
orange|Navel Oranges, 4 lb|脐橙 4 磅|Orchard Lane|Produce > Fruit|果蔬 > 水果|599|🍊
strawberry|Strawberries, 16 oz|草莓 16 盎司|Orchard Lane|Produce > Fruit|果蔬 > 水果|399|🍓
avocado|Avocado|牛油果||Produce > Fruit|果蔬 > 水果|125|🥑
lemon|Lemon|柠檬||Produce > Fruit|果蔬 > 水果|69|🍋
tomato|Vine Tomatoes, 1 lb|藤番茄 1 磅||Produce > Vegetables|果蔬 > 蔬菜|249|🍅
lettuce|Romaine Lettuce|罗马生菜||Produce > Vegetables|果蔬 > 蔬菜|199|🥬
carrot|Carrots, 2 lb|胡萝卜 2 磅||Produce > Vegetables|果蔬 > 蔬菜|179|🥕
onion|Yellow Onions, 3 lb|黄洋葱 3 磅||Produce > Vegetables|果蔬 > 蔬菜|299|🧅
potato|Russet Potatoes, 5 lb|土豆 5 磅||Produce > Vegetables|果蔬 > 蔬菜|399|🥔
broccoli|Broccoli|西兰花||Produce > Vegetables|果蔬 > 蔬菜|229|🥦
tofu|Firm Tofu, 14 oz|老豆腐 14 盎司|Golden Pot|Produce > Tofu|果蔬 > 豆制品|219|🫘
ground-beef|Ground Beef, 1 lb|牛肉馅 1 磅|Redfield|Meat > Beef|肉类 > 牛肉|599|🥩
steak|Sirloin Steak, 12 oz|西冷牛排 12 盎司|Redfield|Meat > Beef|肉类 > 牛肉|1199|🥩
chicken|Chicken Breast, 2 lb|鸡胸肉 2 磅|Redfield|Meat > Poultry|肉类 > 禽肉|899|🍗
turkey|Sliced Turkey, 9 oz|火鸡胸切片 9 盎司|Redfield|Meat > Poultry|肉类 > 禽肉|499|🦃
bacon|Bacon, 12 oz|培根 12 盎司|Redfield|Meat > Pork|肉类 > 猪肉|649|🥓
sausage|Pork Sausages, 16 oz|猪肉香肠 16 盎司|Redfield|Meat > Pork|肉类 > 猪肉|499|🌭
salmon|Salmon Fillet, 12 oz|三文鱼排 12 盎司|North Bay|Meat > Fish|肉类 > 鱼|1099|🐟
shrimp|Shrimp, 16 oz|虾 16 盎司|North Bay|Meat > Fish|肉类 > 鱼|1299|🦐
bread|Wholewheat Bread, 20 oz|全麦面包 20 盎司|Millstone|Bakery > Bread|烘焙坊 > 面包|349|🍞
bagels|Plain Bagels, 6 ct|原味贝果 6 个|Millstone|Bakery > Bread|烘焙坊 > 面包|399|🥯
burger-buns|Burger Buns, 8 ct|汉堡坯 8 个|Millstone|Bakery > Buns|烘焙坊 > 小面包|299|🍔
tortillas|Flour Tortillas, 10 ct|墨西哥薄饼 10 张|Casa Sol|Bakery > Wraps|烘焙坊 > 卷饼|329|🫓
croissant|Butter Croissants, 4 ct|黄油可颂 4 个|Millstone|Bakery > Pastry|烘焙坊 > 酥点|499|🥐
donut|Glazed Donuts, 6 ct|糖霜甜甜圈 6 个|Millstone|Bakery > Pastry|烘焙坊 > 酥点|449|🍩
coffee|Ground Coffee, 12 oz|研磨咖啡 12 盎司|Alto|Drinks > Coffee|饮料 > 咖啡|899|☕
espresso|Espresso Beans, 16 oz|浓缩咖啡豆 16 盎司|Alto|Drinks > Coffee|饮料 > 咖啡|1399|☕
green-tea|Green Tea, 40 ct|绿茶 40 包|Golden Pot|Drinks > Tea|饮料 > 茶|499|🍵
cola|Cola, 2 L|可乐 2 升|Fizzle|Drinks > Soda|饮料 > 汽水|199|🥤
lemonade|Lemonade, 64 oz|柠檬水 64 盎司|Fizzle|Drinks > Juice|饮料 > 果汁|299|🍋
orange-juice|Orange Juice, 52 oz|橙汁 52 盎司|Orchard Lane|Drinks > Juice|饮料 > 果汁|429|🧃
water|Spring Water, 24 ct|泉水 24 瓶|North Bay|Drinks > Water|饮料 > 水|499|💧
chips|Potato Chips, 8 oz|薯片 8 盎司|Fizzle|Snacks > Chips|零食 > 薯片|379|🥔
pretzels|Pretzels, 16 oz|椒盐脆饼 16 盎司|Fizzle|Snacks > Chips|零食 > 薯片|329|🥨
chocolate|Dark Chocolate, 3.5 oz|黑巧克力 3.5 盎司|Alto|Snacks > Sweets|零食 > 糖果|299|🍫
cookies|Oat Cookies, 12 oz|燕麦曲奇 12 盎司|Millstone|Snacks > Sweets|零食 > 糖果|349|🍪
popcorn|Popcorn, 6 ct|爆米花 6 包|Fizzle|Snacks > Chips|零食 > 薯片|399|🍿
apron|Kitchen Apron|厨房围裙|Alto|Home > Kitchen|家居 > 厨房|1999|👩‍🍳
"""


def planted_products() -> list[Product]:
    """The catalogue; the apron has variants, the steak is reduced, the shrimp sold out."""
    return [_product(*line.split("|")) for line in _ROWS.strip().splitlines()]


def _product(
    id_: str, title: str, zh: str, brand: str, path: str, zh_path: str, cents: str, emoji: str
) -> Product:
    price = Money(int(cents), "USD")
    return Product(
        id=id_,
        title=title,
        brand=brand or None,
        categories=(path,),
        price=price,
        original_price=Money(1599, "USD") if id_ == "steak" else None,
        availability="OUT_OF_STOCK" if id_ == "shrimp" else "IN_STOCK",
        attributes={"emoji": (emoji,), "department": (path.split(" > ")[0],)},
        localized={"zh": LocalizedText(title=zh, categories=(zh_path,))},
        variants=_SIZES if id_ == "apron" else (),
    )


_SIZES: Final = (
    Variant("apron-s", {"size": "S"}),
    Variant("apron-m", {"size": "M"}),
    Variant("apron-l", {"size": "L"}, price=Money(2199, "USD"), availability="OUT_OF_STOCK"),
)


def planted_events() -> Iterator[UserEvent]:
    """Half a year of weekly baskets."""
    chance = random.Random(7)
    names = [line.split("|")[0] for line in _ROWS.strip().splitlines()]
    for week in range(26, 0, -1):
        for household in range(1, 41):
            recipe = RECIPES[(household - 1) % len(RECIPES)]
            basket = [*recipe, *chance.sample(names[:-1], 2)]
            yield UserEvent(
                event_id=f"{household}-{week}",
                type="purchase-complete",
                visitor_id=f"household-{household}",
                time=NOW - timedelta(weeks=week, hours=household),
                lines=tuple(EventLine(name) for name in dict.fromkeys(basket)),
            )


# --- the bundle

WIDTH: Final = 16
LENGTH: Final = 8
TEXT: Final = 512
WEIGHTS: Final[Mapping[str, Mapping[str, float]]] = {
    "next": {"bought_decayed_slow": 3, "related_history": 5, "related_session": 8},
    "relevance": {"query_lexical_share": 2, "query_title_match": 2},
    "purchase": {"popularity_fast": 1},
}

HEADS: Final = tuple(WEIGHTS)
"""Not every head is taught in every shop: "click" was not in this one."""


def write_bundle(store: Store, root: Path) -> None:
    """Write and activate the bundle."""
    products = list(store.iter_products())
    table = ItemTable.from_products(products)
    visitors, items, times = ShopLog.from_frame(store.event_lines(), table.index).purchases()
    baskets = np.unique(times, return_inverse=True)[1]  # no two households shop at the same hour
    stats = item_stats(
        visitors,
        items,
        times,
        category=table.category,
        as_of=NOW.timestamp(),
        neighbours=build_item_to_item(baskets, items, len(table), damping=1.0),
    )
    encoder = open_text_encoder(EncoderConfig(cache=False), None)
    raw = encoder.encode([item_text(product) for product in products])
    languages = [product.language for product in products]
    centring = Centring.fit(raw, languages, encoder.blocks)
    text: Float32 = centring.apply(raw, languages).astype(np.float32)
    down: Float32 = (np.random.default_rng(3).normal(size=(TEXT, WIDTH)) / WIDTH).astype(np.float32)
    vectors = np.asarray(text @ down, np.float32)
    with BundleWriter(root) as writer:
        save_items(writer, table, stats)
        writer.add_array("text_vectors", text.astype(np.float16))
        writer.add_array("item_vectors", vectors)
        for name, array in centring.to_arrays().items():
            writer.add_array(f"centring_{name}", array)
        build_dense(writer.path("dense_text"), text)
        build_dense(writer.path("dense_items"), vectors)
        documents = [lexical_document(row, product) for row, product in enumerate(products)]
        build_lexical(writer.path("lexical"), documents)
        for name, graph in _graphs(down).items():
            onnx.save(graph, str(writer.path(f"{name}.onnx")))
        described = {
            "width": WIDTH,
            "length": LENGTH,
            "text_width": TEXT,
            "image_width": 0,
            "features": list(FEATURES),
            "heads": list(HEADS),
            "encoder": {"name": encoder.name, "version": encoder.version},
            "revision": store.revision(),
        }
        writer.add_json("model", described)
        writer.add_json("attributes", [""])
        bundle = writer.commit(metrics={}, config={})
    activate(root, bundle)


Inputs = Mapping[str, tuple[int, Sequence[int | str]]]


def _graphs(down: Float32) -> dict[str, onnx.ModelProto]:
    wide = np.zeros((len(FEATURES), len(HEADS)), np.float32)
    for head, weights in WEIGHTS.items():
        for feature, weight in weights.items():
            wide[FEATURES.index(feature), HEADS.index(head)] = weight
    axis = np.array([1], np.int64)
    floats, ints = TensorProto.FLOAT, TensorProto.INT64
    item_inputs: Inputs = {
        "text": (floats, ["n", TEXT]),
        "image": (floats, ["n", 0]),
        **{name: (ints, ["n"]) for name in ("category", "department", "brand")},
        "attributes": (ints, ["n", MOST_VALUES]),
        "price": (floats, ["n"]),
    }
    item = _graph(
        [helper.make_node("MatMul", ["text", "down"], ["output"])], item_inputs, down=down
    )
    context_inputs: Inputs = {
        "lines": (floats, ["n", LENGTH, WIDTH]),
        "kinds": (ints, ["n", LENGTH]),
        "ages": (floats, ["n", LENGTH]),
        "query": (floats, ["n", TEXT]),
        "has_query": (floats, ["n"]),
    }
    context_nodes = [
        helper.make_node("ReduceMean", ["lines", "axis"], ["past"], keepdims=0),
        helper.make_node("MatMul", ["query", "down"], ["asked"]),
        helper.make_node("Add", ["past", "asked"], ["output"]),
    ]
    context = _graph(context_nodes, context_inputs, down=down, axis=axis)
    ranker_inputs: Inputs = {
        "u": (floats, ["n", WIDTH]),
        "v": (floats, ["n", WIDTH]),
        "wide": (floats, ["n", len(FEATURES)]),
    }
    ranker_nodes = [
        helper.make_node("MatMul", ["wide", "weights"], ["memorised"]),
        helper.make_node("Mul", ["u", "v"], ["product"]),
        helper.make_node("ReduceSum", ["product", "axis"], ["likeness"], keepdims=1),
        helper.make_node("Add", ["memorised", "likeness"], ["output"]),
    ]
    ranker = _graph(ranker_nodes, ranker_inputs, weights=wide, axis=axis)
    return {"item_tower": item, "context_tower": context, "ranker": ranker}


def _graph(
    nodes: list[onnx.NodeProto],
    inputs: Inputs,
    **constants: np.ndarray,
) -> onnx.ModelProto:
    named = [helper.make_tensor_value_info(name, *spec) for name, spec in inputs.items()]
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, None)
    weights = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "graph", named, [output], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def plant(home: Path) -> None:
    """Database and bundle."""
    with Store.open(f"sqlite:///{home / 'daogou.db'}") as store:
        store.put_products(planted_products())
        store.append_events(planted_events())
        write_bundle(store, home / "bundles")


if __name__ == "__main__":
    plant(Path(sys.argv[1]))
