"""risawoz-bilingual: the wishes for laptops and cars, the same dialogues in two languages.

A shop is made of the database, once in Chinese and once in English, and what the assistant reads
in each of the shopper's sentences is compared with the wishes that the annotators found in it.
Nothing is learned from the dialogues; every third of them was looked at while rules were
mended, and is not judged. A wish counts where slot and value are right; the belief
state is all wishes so far, the last of a slot counting. It also has wishes that the shopper took
over from the other side's offers without naming them, which nobody can read in the sentence.
"""

import json
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.reporting import spread
from daogou.assistant.reading import read
from daogou.cli.results import Row
from daogou.engine import Engine
from daogou.evaluation import Interval, Resampling
from daogou.store import Store
from daogou.text import normalize, tokenize
from daogou.text.numerals import read_numeral
from daogou.types import Money, Product

Slots = dict[str, str]
Reads = Callable[[str], Slots]
DOMAINS: Final = {"PC": "pc", "Car": "car", "电脑": "pc", "汽车": "car"}
SLOTS: Final[Mapping[str, str]] = {
    "品牌": "brand", "产品类别": "computer_type", "分类": "usage",
    "内存容量": "memory_capacity", "屏幕尺寸": "screen_size", "cpu": "cpu",
    "价格区间": "pricerange", "系列": "series", "商品名称": "product_name",
    "系统": "operating_system", "游戏性能": "game_performance", "cpu型号": "cpu_model",
    "裸机重量": "weight", "显卡类别": "gpu_category", "显卡型号": "gpu_model",
    "特性": "features", "色系": "colour", "待机时长": "standby_time",
    "硬盘容量": "hard_disk_capacity", "价格": "price", "名称": "name", "车型": "classification",
    "级别": "size", "座位数": "number_of_seats", "厂商": "brand", "能源类型": "hybrid",
    "驱动方式": "4wd", "车系": "series", "动力水平": "power_level",
    "油耗水平": "fuel_consumption", "所属价格区间": "pricerange",
}  # fmt: skip
"""The Chinese names of slots as the columns of the database."""
PRICE: Final = "pricerange"
LOOKED_AT: Final = 3
_IN_SHOP: Final = frozenset(
    ("brand", "computer_type", "usage", "memory_capacity", "screen_size", "cpu", "series", "colour",
     "operating_system", "game_performance", "gpu_category", "hard_disk_capacity", "classification",
     "size", "number_of_seats", "hybrid", "4wd", "power_level", "fuel_consumption")
)  # fmt: skip
"""The columns that are attributes of a product of the shop."""
_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")
_UP_TO: Final = re.compile(r"<|under|within|less|below|up to|小于|以下|以内|不超过", re.I)
_FROM: Final = re.compile(r">|over|above|more|大于|以上|超过", re.I)
_EMPTY: Final = frozenset(("of", "the", "a", "series", "yuan", "-"))


@dataclass(frozen=True, slots=True)
class Turn:
    """What the shopper says, what is new in it, and all wishes after it; ``group`` the dialogue."""

    text: str
    new: Slots
    state: Slots
    domain: str
    group: int


def read_turns(folder: Path, language: str, *, looked_at: bool = False) -> list[Turn]:
    """The turns of the dialogues about laptops alone or cars alone: those to be judged, or not."""
    found = []
    path = folder / f"{language}_fewshot_100.json"
    dialogues = [
        dialogue
        for dialogue in json.loads(path.read_text(encoding="utf-8"))
        if len(dialogue["domains"]) == 1 and dialogue["domains"][0] in DOMAINS
    ]
    for group, dialogue in enumerate(dialogues):
        if (group % LOOKED_AT == 0) != looked_at:
            continue
        for turn in dialogue["dialogue"]:
            said = turn["user_utterance"]
            belief = turn["belief_state"]
            found.append(
                Turn(
                    said if isinstance(said, str) else said[0],
                    _slots(belief["turn_inform"]),
                    _slots(belief["inform slot-values"]),
                    DOMAINS[dialogue["domains"][0]],
                    group,
                )
            )
    return found


def _slots(told: Mapping[str, Any]) -> Slots:
    found = {}
    for name, value in told.items():
        plain = name.split("-", 1)[-1].lower()
        found[SLOTS.get(plain, plain.replace(" ", "_"))] = str(value)
    return found


# --- values


def same(slot: str, told: str, wanted: str) -> bool:
    """Whether two values of a slot are one: "lightweight" and "lightweight laptop" are."""
    if slot == PRICE:
        return bounds(told) == bounds(wanted)
    one, other = (set(map(_stem, tokenize(v))) - _EMPTY for v in (told, wanted))
    if one and other and (one <= other or other <= one):
        return True
    a, b = (re.sub(r"[\s\-·]", "", normalize(v)) for v in (told, wanted))
    return bool(a and b) and (a in b or b in a)


def _stem(word: str) -> str:
    return word[:-1] if word.isascii() and len(word) > 3 and word.endswith("s") else word


def bounds(text: str) -> tuple[Decimal | None, Decimal | None]:
    """Lower and upper end in yuan: "150,000 to 200,000 yuan", 小于 5000, "15 ~ 20" (万)."""
    numbers = [read_numeral(n.replace(",", "")) or Decimal(0) for n in _NUMBER.findall(text)]
    numbers = [n * 10_000 if n < 100 else n for n in numbers][:2]
    if len(numbers) == 2:
        return numbers[0], numbers[1]
    if not numbers:
        return None, None
    if _UP_TO.search(text):
        return None, numbers[0]
    return (numbers[0], None) if _FROM.search(text) else (numbers[0], numbers[0])


# --- contenders


def catalogue(folder: Path, domain: str, language: str) -> list[dict[str, str]]:
    """The rows of a database, columns in lower case."""
    path = folder / f"db_{language}" / f"{domain}_{language}.json"
    rows = json.loads(path.read_text(encoding="utf-8"))
    return [
        {k.lower(): str(v) for k, v in row.items() if v not in (None, "", "N/A")} for row in rows
    ]


def shop_reader(
    rows: Sequence[Mapping[str, str]], language: str, folder: Path, open_now: ExitStack
) -> Reads:
    """What the assistant reads over a shop made of the rows, kept open as long as ``open_now``."""
    url = f"sqlite:///{folder / f'{len(rows)}-{language}.db'}"
    store = open_now.enter_context(Store.open(url))
    store.put_products(_product(n, row, language) for n, row in enumerate(rows))
    engine = open_now.enter_context(Engine.open(store, None))
    kind = "computer_type" if "computer_type" in rows[0] else "classification"

    def reads(text: str) -> Slots:
        wanted = read(engine, text, language, "CNY")
        found: Slots = {}
        for wish in wanted.wishes:
            slot = wish.field.removeprefix("attributes.")
            if wish.strength == "must-not":
                continue
            if slot == "price":
                found[PRICE] = _range(wish.low, wish.high)
            elif slot in _IN_SHOP and wish.values:
                found[slot] = wish.values[0]
        # A kind of thing is a goal there, and a value that is not sure stays among its words.
        for chip in engine.understand(text, language).chips:
            slot = chip.field.removeprefix("attributes.")
            slot = kind if slot == "categories" else slot
            if chip.strength != "must-not" and chip.values and slot in _IN_SHOP:
                found.setdefault(slot, chip.values[0])
        return found

    return reads


def _range(low: float | None, high: float | None) -> str:
    ends = [None if end is None else f"{round(end / 100)}" for end in (low, high)]
    if ends[0] and ends[1]:
        return f"{ends[0]} to {ends[1]}"
    return f"<{ends[1]}" if ends[1] else f">{ends[0]}"


def _product(number: int, row: Mapping[str, str], language: str) -> Product:
    price = bounds(row["price"])[0] or Decimal(0)
    return Product(
        id=str(number),
        title=row.get("product_name") or row.get("name") or str(number),
        language=language,
        brand=row.get("brand"),
        categories=(row.get("computer_type") or row["classification"],),
        price=Money(round(price * 100), "CNY"),
        attributes={key: (value,) for key, value in row.items() if key in _IN_SHOP - {"brand"}},
    )


def verbatim(rows: Sequence[Mapping[str, str]]) -> Reads:
    """The longest value of each slot that is in the text, letter by letter."""
    values = {
        (slot, value) for row in rows for slot, value in row.items() if slot in (*_IN_SHOP, PRICE)
    }

    def reads(text: str) -> Slots:
        plain = re.sub(r"[\s\-·]", "", normalize(text))
        found: Slots = {}
        for slot, value in sorted(values, key=lambda pair: (len(pair[1]), pair)):
            folded = re.sub(r"[\s\-·]", "", normalize(value))
            if len(folded) > 1 and folded in plain:
                found[slot] = value
        return found

    return reads


# --- figures


def wishes(folder: Path) -> list[Row]:
    """Slot F1 and joint goal accuracy, the two languages side by side."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as shops_open:
        for language in ("en", "zh"):
            turns = read_turns(folder, language)
            shops = {d: catalogue(folder, d, language) for d in ("pc", "car")}
            ours = {d: shop_reader(shops[d], language, Path(scratch), shops_open) for d in shops}
            plain = {d: verbatim(shops[d]) for d in shops}
            for name, reads in (("daogou", ours), ("values found verbatim", plain)):
                rows.append(judged(f"{name}, risawoz {language}", turns, reads))
            rows.append(judged(f"nothing read, risawoz {language}", turns, {}))
    return rows


def judged(name: str, turns: Sequence[Turn], reads: Mapping[str, Reads]) -> Row:
    """A contender's row; without a reader it tells nothing."""
    counts = []
    joint = []
    state: Slots = {}
    group = -1
    for turn in turns:
        if turn.group != group:
            state, group = {}, turn.group
        told = reads[turn.domain](turn.text) if reads else {}
        state = state | told
        right = sum(same(s, v, turn.new[s]) for s, v in told.items() if s in turn.new)
        counts.append((right, len(told), len(turn.new)))
        joint.append(
            state.keys() == turn.state.keys()
            and all(same(s, v, turn.state[s]) for s, v in state.items())
        )
    groups = np.array([turn.group for turn in turns])
    row: Row = {"name": name}
    row |= spread("slot_f1", _f1(np.array(counts, float), groups))
    row |= spread("joint_goal_accuracy", Resampling(groups).mean(np.array(joint, float)))
    total = np.sum(counts, axis=0)
    row["precision"] = float(total[0] / max(total[1], 1))
    row["recall"] = float(total[0] / max(total[2], 1))
    return row | {"turns": len(turns), "dialogues": len(set(groups.tolist()))}


def _f1(counts: Any, groups: Any) -> Interval:
    """Micro F1 with a 95% interval; whole dialogues are drawn."""
    code = np.unique(groups, return_inverse=True)[1]
    summed = np.zeros((int(code.max()) + 1, 3))
    np.add.at(summed, code, counts)
    drawn = np.random.default_rng(0).integers(len(summed), size=(1000, len(summed)))
    totals = summed[drawn].sum(axis=1)
    scores = 2 * totals[:, 0] / np.maximum(totals[:, 1] + totals[:, 2], 1)
    whole = counts.sum(axis=0)
    low, high = np.quantile(scores, [0.025, 0.975])
    return Interval(float(2 * whole[0] / max(whole[1] + whole[2], 1)), float(low), float(high))
