"""The shopping assistant: it understands, decides, acts, and says only what a record backs."""

from daogou.assistant.assistant import Assistant
from daogou.assistant.config import AssistantConfig
from daogou.assistant.editing import KEPT, Edit, Kept
from daogou.assistant.gate import Fact, Gate, Said, ungrounded
from daogou.assistant.knowledge import Extract, Knowledge, NoKnowledge, Passage
from daogou.assistant.llm import LanguageModel, LlmConfig, open_llm
from daogou.assistant.page import Page
from daogou.assistant.reply import (
    Call,
    Card,
    Citation,
    Comparison,
    Consulted,
    KnownWish,
    QuickReply,
    Reply,
    Row,
    reply_to_json,
)
from daogou.assistant.state import (
    CartLine,
    Offer,
    Pending,
    State,
    Wish,
    state_from_json,
    state_to_json,
)

__all__ = [
    "KEPT",
    "Assistant",
    "AssistantConfig",
    "Call",
    "Card",
    "CartLine",
    "Citation",
    "Comparison",
    "Consulted",
    "Edit",
    "Extract",
    "Fact",
    "Gate",
    "Kept",
    "Knowledge",
    "KnownWish",
    "LanguageModel",
    "LlmConfig",
    "NoKnowledge",
    "Offer",
    "Page",
    "Passage",
    "Pending",
    "QuickReply",
    "Reply",
    "Row",
    "Said",
    "State",
    "Wish",
    "open_llm",
    "reply_to_json",
    "state_from_json",
    "state_to_json",
    "ungrounded",
]
