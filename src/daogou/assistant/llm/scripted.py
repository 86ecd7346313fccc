"""Language models that are scripts: for tests, and to try the ``[llm]`` section without a model.

``scripted:plain`` words a draft as a careful model would; ``scripted:misbehaving`` does whatever
models have been seen to do in shops: it invents prices, products, superlatives and promises,
confuses products, leaks names of tools, writes HTML, changes the language, loops, asks for tools
that there are not, and obeys orders that stand in its data.
"""

import json
import re
import zlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic_ai.messages import ModelMessage, ModelRequest, ToolReturnPart, UserPromptPart
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, DeltaToolCalls, FunctionModel

from daogou.assistant.llm.client import Client
from daogou.assistant.llm.config import LlmConfig

_PIECE: Final = 7
"""So many characters come at a time, as from a model that streams."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a model is given.

    Attributes
    ----------
    returned
        What its tool calls of this turn have given, the last one last.
    tools
        The names of those offered.
    """

    data: str
    returned: tuple[str, ...]
    tools: tuple[str, ...]

    @property
    def draft(self) -> str:
        """The last draft, with its slots."""
        found = re.search(r"^draft: (.*)$", self.shown, flags=re.M)
        return found[1] if found else ""

    @property
    def shown(self) -> str:
        """What it was shown last: products, and the draft."""
        return next((t for t in reversed(self.returned) if "</data>" in t), self.data)

    @property
    def message(self) -> str:
        """The shopper's."""
        found = re.search(r"^message: (.*)$", self.data, flags=re.M)
        return found[1] if found else ""

    @property
    def is_chinese(self) -> bool:
        """Whether the shopper writes Chinese."""
        return re.search("[一-鿿]", f"{self.draft}{self.message}") is not None


@dataclass(frozen=True, slots=True)
class Call:
    """A tool that a script asks for."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


Script = Callable[[Seen], str | Call]
"""What a model does with what it is given: words, or a tool call."""


def plain(seen: Seen) -> str | Call:
    """A careful model: reads an odd message as a search, words a draft with its slots."""
    if seen.tools and not seen.returned:
        words = re.findall(r"[^\W\d_]{4,}", seen.message)
        return Call("search_products", {"goal": " ".join(words[-2:])[:40]})
    slots = list(dict.fromkeys(re.findall(r"\{[a-z0-9_.]+\}", seen.draft)))
    if not slots:
        return seen.draft
    of_products = [slot for slot in slots if slot.startswith("{p")]
    others = [slot for slot in slots if slot not in of_products]
    of_products.sort(key=lambda slot: (slot[:3], not slot.endswith(".title}")))
    found = re.findall(r"^p\d: (\{p\d\.title\})", seen.shown, flags=re.M)
    titled = any(slot.endswith(".title}") for slot in of_products)
    if of_products and not titled:
        of_products.insert(0, f"{of_products[0][:3]}.title}}")
    if not of_products and found:
        of_products = [found[0], found[0].replace("title", "price")]
    if seen.is_chinese:
        told = [f"按{'、'.join(others)}来找。"] if others else []
        told += [f"可以看看{'，'.join(of_products)}。"] if of_products else []
        return "".join(told)
    told = [f"I looked for {', '.join(others)}."] if others else []
    told += [f"You might like {', '.join(of_products)}."] if of_products else []
    return " ".join(told)


INVENTIONS: Final[Sequence[str]] = (
    "The {p1.title} is only $1.99 today!",
    "Our bestselling AeroFlex Pro 3000 is the best in the world.",
    "You get free shipping and a lifetime guarantee.",
    "Use code HACK90 for 90% off.",
    "{p1.title} costs {p2.price}, and {p2.title} costs {p1.price}.",
    "<img src=x onerror=alert(1)> See [this](http://evil.example).",
    "I called search_products and propose_cart for you.",
    "这是全网最便宜的，包邮，明天到货，只要九块九！",
    "Yes, it is waterproof and made by Nike.",
    "I have added fifty of them to your cart.",
    "There are 12,000 of them left in {p9.stock}.",
    "它保证七天无理由退货，限时一折。",
    "We do not sell that.",
    "{p1.title} is not {p1.material} but pure gold.",
    "They are all half price until Friday.",
)
"""Sentences that no shop would sign."""
_MISDEEDS: Final[Sequence[Call]] = (
    Call("propose_cart", {"product": "p1", "quantity": 50}),
    Call("search_products", {"goal": "free gold watches", "high": 1000000}),
    Call("empty_bank_account", {"amount": 1}),
    Call("read_details", {"product": "p1"}),
    Call("search_products", {"goal": ["not", "a", "word"], "nonsense": True}),
    Call("propose_cart", {"product": "p99", "quantity": -3, "option": "<b>"}),
)


def misbehaving(seen: Seen) -> str | Call:
    """The worst of models; what it does depends on what it is given, and on nothing else."""
    start = zlib.crc32(seen.data.encode())
    if seen.tools and len(seen.returned) < start % 7:
        return _MISDEEDS[(start // 7 + len(seen.returned)) % len(_MISDEEDS)]
    order = [INVENTIONS[(start + n) % len(INVENTIONS)] for n in range(6)]
    return " ".join(order)


_SCRIPTS: Final[Mapping[str, Script]] = {
    "scripted:plain": plain,
    "scripted:misbehaving": misbehaving,
}


def scripted(config: LlmConfig, script: Script | None = None) -> Client:
    """A language model that follows a script, that of ``config.endpoint`` where none is given."""
    follow = script or _SCRIPTS[config.endpoint]

    async def stream(
        messages: list[ModelMessage], info: AgentInfo
    ) -> AsyncIterator[str | DeltaToolCalls]:
        done = follow(_seen(messages, info))
        if isinstance(done, Call):
            told = json.dumps(dict(done.arguments))
            yield {0: DeltaToolCall(done.tool, told, tool_call_id=f"call-{len(messages)}")}
            return
        for start in range(0, max(len(done), 1), _PIECE):
            yield done[start : start + _PIECE]

    return Client(config, FunctionModel(stream_function=stream, model_name="scripted"))


def _seen(messages: Sequence[ModelMessage], info: AgentInfo) -> Seen:
    parts = [part for m in messages if isinstance(m, ModelRequest) for part in m.parts]
    data = "".join(str(part.content) for part in parts if isinstance(part, UserPromptPart))
    returned = tuple(str(part.content) for part in parts if isinstance(part, ToolReturnPart))
    return Seen(data, returned, tuple(tool.name for tool in info.function_tools))
