"""Talks with the assistant on a page."""

import json
import re
from typing import Any

from playwright.sync_api import Locator, Page, expect


def panel(page: Page) -> Locator:
    return page.get_by_role("dialog", name=re.compile("^(Shopping assistant|导购助手)$"))


def launch(page: Page) -> Locator:
    """Open the assistant and wait for the greeting."""
    page.get_by_role("button", name=re.compile("Ask the assistant|问问导购助手")).click()
    expect(messages(page)).to_have_count(1)
    return panel(page)


def messages(page: Page) -> Locator:
    return page.locator("daogou-assistant .message")


def say(page: Page, text: str) -> Locator:
    """Say something and give the answer."""
    before = messages(page).count()
    panel(page).get_by_role("textbox").fill(text)
    panel(page).get_by_role("textbox").press("Enter")
    return answered(page, before + 2)


def press(page: Page, name: str) -> Locator:
    """Press one of the offered answers and give what comes of it."""
    before = messages(page).count()
    panel(page).locator(".replies").get_by_role("button", name=name, exact=True).click()
    return answered(page, before + 2)


def answered(page: Page, count: int) -> Locator:
    expect(page.locator("daogou-assistant .message:not([aria-hidden])")).to_have_count(count)
    expect(page.locator("daogou-assistant [data-busy]")).to_have_count(0)
    return messages(page).last


def stored_cart(page: Page) -> list[dict[str, Any]]:
    key = "`daogou.cart.${localStorage.getItem('daogou.visitor')}`"
    told: str = page.evaluate(f"localStorage.getItem({key}) ?? '[]'")
    lines: list[dict[str, Any]] = json.loads(told)
    return lines
