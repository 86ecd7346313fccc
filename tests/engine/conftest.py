"""A small shop in a real store, and a bundle whose graphs are written by hand.

The ranker of that bundle is linear in named features, so that what has to come first
can be told without training.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from daogou.bundle import Bundle, BundleWriter, activate
from daogou.encoders import Centring, EncoderConfig, TextEncoder, open_text_encoder
from daogou.engine import Engine, EngineConfig
from daogou.features import FEATURES, ItemTable, ShopLog, item_stats, save_items
from daogou.features.attributes import MOST_VALUES
from daogou.features.items import Float32
from daogou.retrieval import build_dense, build_lexical, lexical_document
from daogou.retrieval.building import build_item_to_item
from daogou.retrieval.documents import item_text
from daogou.store import Store
from daogou.types import EventLine, EventType, LocalizedText, Money, Product, UserEvent

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
WIDTH, LENGTH, TEXT = 16, 8, 512

WEIGHTS: Mapping[str, Mapping[str, float]] = {
    "next": {"bought_decayed_slow": 3, "related_history": 5, "related_session": 8},
    "relevance": {"query_lexical_share": 2, "query_title_match": 2, "bought_count": 2},
    "purchase": {"popularity_fast": 1},
}

HEADS = tuple(WEIGHTS)
"""Not every head is taught in every shop: "click" was not in this one."""


def product(
    number: str, title: str, chinese: str, path: str, price: int, **more: object
) -> Product:
    paths = {
        "Drinks": "饮料",
        "Snacks": "零食",
        "Household": "家居",
    }
    outer, inner = path.split(" > ")
    return Product(
        id=number,
        title=title,
        categories=(path,),
        price=Money(price, "USD"),
        localized={"zh": LocalizedText(chinese, None, (f"{paths[outer]} > {inner}类",))},
        **more,  # type: ignore[arg-type]
    )


PRODUCTS = [
    product("cola", "Cola, 2 L bottle", "可乐 2升", "Drinks > Soda", 199, brand="Acme"),
    product("diet", "Diet cola, 2 L bottle", "无糖可乐 2升", "Drinks > Soda", 219, brand="Acme"),
    product("lemon", "Lemonade, 1 L", "柠檬水 1升", "Drinks > Soda", 149, brand="Bolt"),
    product("tea", "Green tea, 20 bags", "绿茶 20包", "Drinks > Tea", 399, brand="Bolt"),
    product("crisps", "Potato crisps, 150 g", "薯片 150克", "Snacks > Crisps", 249, brand="Acme"),
    product("nuts", "Roasted nuts, 200 g", "坚果 200克", "Snacks > Nuts", 499, brand="Nutty"),
    product("cookies", "Oat cookies, 300 g", "燕麦饼干 300克", "Snacks > Cookies", 329),
    product("soap", "Hand soap, 500 ml", "洗手液 500毫升", "Household > Soap", 279),
    product("paper", "Paper towels, 6 rolls", "纸巾 6卷", "Household > Paper", 899),
    product("sponge", "Kitchen sponge", "厨房海绵", "Household > Paper", 99),
]


@dataclass
class Shop:
    """The store, and ways to do things in it."""

    store: Store
    root: Path

    def bundle(self) -> Bundle:
        """The active one."""
        bundle = Bundle.current(self.root)
        assert bundle is not None
        return bundle

    def event(
        self, kind: EventType, visitor: str, products: Sequence[str], hours_ago: float = 0.0
    ) -> None:
        """Let something happen now, or some hours ago."""
        self.store.append_events([event(kind, visitor, products, hours_ago)])


def event(kind: EventType, visitor: str, products: Sequence[str], hours_ago: float) -> UserEvent:
    return UserEvent(
        event_id=uuid4().hex,
        type=kind,
        visitor_id=visitor,
        time=NOW - timedelta(hours=hours_ago),
        lines=tuple(EventLine(product_id=i) for i in products),
    )


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Crisps are bought with cola, cookies with tea; soap sells best of all."""
    with Store.open(f"sqlite:///{tmp_path / 'shop.db'}") as store:
        store.put_products(PRODUCTS)
        bought = []
        for n in range(12):
            bought.append(event("purchase-complete", f"a{n}", ["cola", "crisps"], 24 * 5 + n))
            bought.append(event("purchase-complete", f"b{n}", ["tea", "cookies"], 24 * 6 + n))
            bought.append(event("purchase-complete", f"c{n}", ["soap"], 24 * 2 + n))
        store.append_events(bought)
        yield Shop(store, tmp_path / "bundles")


@pytest.fixture(scope="session")
def encoder() -> TextEncoder:
    return open_text_encoder(EncoderConfig(cache=False), None)


@pytest.fixture
def trained(shop: Shop, encoder: TextEncoder) -> Shop:
    """The shop with an active bundle."""
    with BundleWriter(shop.root) as writer:
        _write(writer, shop.store, encoder)
        bundle = writer.commit(metrics={}, config={})
    activate(shop.root, bundle)
    return shop


@pytest.fixture
def open_engine(encoder: TextEncoder) -> Iterator[Callable[..., Engine]]:
    """Opens engines whose clock stands at ``NOW``, with the shop's bundle if it has one.

    Settings are those of :class:`EngineConfig`.
    """
    opened = []

    def open_(shop: Shop, **settings: Any) -> Engine:
        # Among ten products little is taken for the mean, and cosines are low.
        config = EngineConfig(near=0.25, **settings)
        opened.append(
            Engine.open(shop.store, shop.root, config, encoder=encoder, clock=NOW.timestamp)
        )
        return opened[-1]

    yield open_
    for engine in opened:
        engine.close()


@pytest.fixture
def engine(trained: Shop, open_engine: Callable[..., Engine]) -> Engine:
    return open_engine(trained)


@pytest.fixture
def untrained(shop: Shop, open_engine: Callable[..., Engine]) -> Engine:
    return open_engine(shop)


def _write(writer: BundleWriter, store: Store, encoder: TextEncoder) -> None:
    products = list(store.iter_products())
    table = ItemTable.from_products(products)
    log = ShopLog.from_frame(store.event_lines(), table.index)
    visitors, items, times = log.purchases()
    neighbours = build_item_to_item(visitors.astype(np.int64), items, len(table), damping=1.0)
    stats = item_stats(
        visitors,
        items,
        times,
        category=table.category,
        as_of=NOW.timestamp(),
        neighbours=neighbours,
    )
    save_items(writer, table, stats)
    raw = encoder.encode([item_text(p) for p in products])
    languages = [p.language for p in products]
    centring = Centring.fit(raw, languages, encoder.blocks)
    text: Float32 = centring.apply(raw, languages).astype(np.float32)
    rng = np.random.default_rng(3)
    down: Float32 = rng.normal(size=(TEXT, WIDTH), scale=1 / WIDTH).astype(np.float32)
    writer.add_array("text_vectors", text.astype(np.float16))
    placed = np.asarray(text @ down, np.float32)
    writer.add_array("item_vectors", placed)
    build_dense(writer.path("dense_text"), text)
    build_dense(writer.path("dense_items"), placed)
    for name, array in centring.to_arrays().items():
        writer.add_array(f"centring_{name}", array)
    build_lexical(writer.path("lexical"), [lexical_document(n, p) for n, p in enumerate(products)])
    for name, model in _graphs(down).items():
        onnx.save(model, str(writer.path(f"{name}.onnx")))
    writer.add_json("attributes", [""])
    writer.add_json(
        "model",
        {
            "width": WIDTH,
            "length": LENGTH,
            "text_width": TEXT,
            "image_width": 0,
            "features": list(FEATURES),
            "heads": list(HEADS),
            "encoder": {"name": encoder.name, "version": encoder.version},
            "revision": store.revision(),
        },
    )


def _graphs(down: Float32) -> dict[str, onnx.ModelProto]:
    wide = np.zeros((len(FEATURES), len(HEADS)), np.float32)
    for head, weights in WEIGHTS.items():
        for feature, weight in weights.items():
            wide[FEATURES.index(feature), HEADS.index(head)] = weight
    floats, ints = TensorProto.FLOAT, TensorProto.INT64
    return {
        "item_tower": _graph(
            [helper.make_node("MatMul", ["text", "down"], ["output"])],
            {
                "text": (floats, ["n", TEXT]),
                "image": (floats, ["n", 0]),
                **{name: (ints, ["n"]) for name in ("category", "department", "brand")},
                "attributes": (ints, ["n", MOST_VALUES]),
                "price": (floats, ["n"]),
            },
            {"down": down},
        ),
        "context_tower": _graph(
            [
                helper.make_node("ReduceMean", ["lines", "axis"], ["past"], keepdims=0),
                helper.make_node("MatMul", ["query", "down"], ["asked"]),
                helper.make_node("Add", ["past", "asked"], ["output"]),
            ],
            {
                "lines": (floats, ["n", LENGTH, WIDTH]),
                "kinds": (ints, ["n", LENGTH]),
                "ages": (floats, ["n", LENGTH]),
                "query": (floats, ["n", TEXT]),
                "has_query": (floats, ["n"]),
            },
            {"down": down, "axis": np.array([1], np.int64)},
        ),
        "ranker": _graph(
            [
                helper.make_node("MatMul", ["wide", "weights"], ["memorised"]),
                helper.make_node("Mul", ["u", "v"], ["product"]),
                helper.make_node("ReduceSum", ["product", "axis"], ["likeness"], keepdims=1),
                helper.make_node("Add", ["memorised", "likeness"], ["output"]),
            ],
            {
                "u": (floats, ["n", WIDTH]),
                "v": (floats, ["n", WIDTH]),
                "wide": (floats, ["n", len(FEATURES)]),
            },
            {"weights": wide, "axis": np.array([1], np.int64)},
        ),
    }


def _graph(
    nodes: list[onnx.NodeProto],
    inputs: Mapping[str, tuple[int, list[int | str]]],
    constants: Mapping[str, np.ndarray],
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "graph",
        [
            helper.make_tensor_value_info(name, kind, shape)
            for name, (kind, shape) in inputs.items()
        ],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opset = helper.make_opsetid("", 18)
    return helper.make_model(graph, opset_imports=[opset], ir_version=10)
