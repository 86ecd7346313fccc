"""The optional language model: it may read odd messages and improve words, never facts."""

from daogou.assistant.llm.asking import Asked, Counts, Failed, LanguageModel, Reason, Spent, Tool
from daogou.assistant.llm.config import LlmConfig
from daogou.assistant.llm.opening import open_llm, probe

__all__ = [
    "Asked",
    "Counts",
    "Failed",
    "LanguageModel",
    "LlmConfig",
    "Reason",
    "Spent",
    "Tool",
    "open_llm",
    "probe",
]
