"""A merchant's controls: pin, bury, boost, filter, redirect, synonyms, replacement.

:class:`ControlSet` compiles them for a query; the store keeps them, the engine
carries out what :class:`Applied` says. Nothing here knows a catalogue.
"""

from daogou.merchandising.codec import control_from_json, control_to_json
from daogou.merchandising.compiling import Applied, ControlSet, Expansion
from daogou.merchandising.control import (
    MAX_CONTROLS,
    Action,
    BoostAction,
    Condition,
    Control,
    DoNotAssociateAction,
    FilterAction,
    IgnoreAction,
    OnewaySynonymsAction,
    PinAction,
    QueryTerm,
    RedirectAction,
    ReplacementAction,
    TimeRange,
    TwowaySynonymsAction,
)
from daogou.merchandising.rewriting import Edit, rewrite

__all__ = [
    "MAX_CONTROLS",
    "Action",
    "Applied",
    "BoostAction",
    "Condition",
    "Control",
    "ControlSet",
    "DoNotAssociateAction",
    "Edit",
    "Expansion",
    "FilterAction",
    "IgnoreAction",
    "OnewaySynonymsAction",
    "PinAction",
    "QueryTerm",
    "RedirectAction",
    "ReplacementAction",
    "TimeRange",
    "TwowaySynonymsAction",
    "control_from_json",
    "control_to_json",
    "rewrite",
]
