"""The shopping assistant: it understands, decides, acts, and says only what a record backs."""

from daogou.assistant.assistant import Assistant
from daogou.assistant.config import AssistantConfig
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
    "Assistant",
    "AssistantConfig",
    "Call",
    "Card",
    "CartLine",
    "Citation",
    "Comparison",
    "Consulted",
    "Extract",
    "Fact",
    "Gate",
    "Knowledge",
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
