"""Why a product is shown: the codes, and the words for them in the shopper's language.

Every reason holds the numbers that it states and the ids of the products that they were
computed from, so that anyone can compute it again from the records.
"""

from collections.abc import Callable, Mapping
from typing import Final

from daogou.types import Reason

SENTENCES: Final[dict[str, dict[str, str]]] = {
    "bought_before": {
        "en": "You bought this {often}, last {ago}",
        "zh": "您买过{often}，上次是{ago}",
    },
    "viewed_recently": {"en": "You looked at this {ago}", "zh": "您{ago}看过"},
    "because_you_bought": {"en": "Because you bought {title}", "zh": "因为您买过「{title}」"},
    "goes_with": {"en": "Often bought with {title}", "zh": "常与「{title}」一起购买"},
    "similar_to": {"en": "Similar to {title}", "zh": "与「{title}」相似"},
    "looks_like_photo": {"en": "Looks like your photo", "zh": "与您的照片相似"},
    "matches": {"en": "Matches “{words}”", "zh": "匹配“{words}”"},
    "discount": {"en": "{percent}% off", "zh": "立减 {percent}%"},
    "your_category": {
        "en": "You bought from {category} {often}",
        "zh": "您在「{category}」买过{often}",
    },
    "popular_in": {"en": "No. {rank} in {category}", "zh": "「{category}」热销第 {rank} 名"},
    "popular": {"en": "No. {rank} in the shop", "zh": "全店热销第 {rank} 名"},
    "new": {"en": "New: listed {ago}", "zh": "新品，{ago}上架"},
}
"""By code and language; ``often`` says the value ``times``, ``ago`` the value ``days_ago``, and
``title`` names the first of the products that the fact rests on."""


def render_reason(reason: Reason, language: str, titles: Mapping[str, str]) -> str:
    """Say a reason in Chinese (``"zh"``) or English (any other language).

    Parameters
    ----------
    titles
        By product id, in the shopper's language: of the products that the reason rests
        on. Where one is missing, its id is said.
    """
    sentence = SENTENCES[reason.code]["zh" if language == "zh" else "en"]
    often, ago = _PHRASES["zh" if language == "zh" else "en"]
    words: dict[str, str | int | float] = dict(reason.values)
    if "times" in words:
        words["often"] = often(int(words["times"]))
    if "days_ago" in words:
        words["ago"] = ago(int(words["days_ago"]))
    if reason.product_ids:
        words["title"] = titles.get(reason.product_ids[0], reason.product_ids[0])
    return sentence.format_map(words)


def _often_english(times: int) -> str:
    return {1: "once", 2: "twice"}.get(times, f"{times} times")


def _often_chinese(times: int) -> str:
    return f" {times} 次"


def _ago_english(days: int) -> str:
    if days < 2:
        return "yesterday" if days == 1 else "today"
    for unit, length in (("year", 365), ("month", 30)):
        if days >= 2 * length:
            return f"{days // length} {unit}s ago"
    return f"{days} days ago"


def _ago_chinese(days: int) -> str:
    if days < 2:
        return "昨天" if days == 1 else "今天"
    for unit, length in ((" 年", 365), (" 个月", 30)):
        if days >= 2 * length:
            return f" {days // length}{unit}前"
    return f" {days} 天前"


_Phrase = Callable[[int], str]
_PHRASES: Final[dict[str, tuple[_Phrase, _Phrase]]] = {
    "en": (_often_english, _ago_english),
    "zh": (_often_chinese, _ago_chinese),
}
