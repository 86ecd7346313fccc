"""Wishes in the assistant: seen as chips and taken back; cards that were seen, and clicked."""

import json
import re
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.server.browser.pages import events, go
from tests.server.browser.talking import answered, launch, messages, panel, say
from tests.server.browser.test_embedding import page_of, policy_of
from tests.server.conftest import Merchant

pytestmark = pytest.mark.browser

KNOWN: Final = "What do you know about my wishes?"


def wishes(page: Page) -> Locator:
    """Those that can be taken back."""
    return page.locator("daogou-assistant .wish:not([aria-disabled])")


def ask(page: Page, count: int) -> Locator:
    """Ask from the menu what is known; ``count`` messages are there then."""
    panel(page).get_by_label("More", exact=True).click()
    panel(page).get_by_role("button", name=KNOWN).click()
    return answered(page, count)


def test_wishes_are_seen_and_taken_back(page: Page) -> None:
    go(page, "/")
    launch(page)
    say(page, "sauce under $3.20, not salsa")
    known = ask(page, 5)
    chips = known.get_by_role("list", name="Your wishes").get_by_role("button")
    expect(chips).to_have_text(["looking for “sauce”", "up to $3.20", "not salsa"])
    expect(panel(page).locator(".replies button")).to_have_count(0)
    chips.nth(1).click()
    left = answered(page, 7)
    expect(messages(page).nth(5)).to_have_text("Drop “up to $3.20”")
    expect(left).to_contain_text("Your wishes are now: looking for “sauce”; not salsa.")
    expect(left.locator(".card").first).to_be_visible()
    expect(wishes(page)).to_have_text(["looking for “sauce”", "not salsa"])
    # Chips of before take nothing back any more.
    page.locator("daogou-assistant .wish[aria-disabled]").first.click(force=True)
    expect(messages(page)).to_have_count(7)
    # What was taken back counts no longer, and the talk goes on after a reload.
    expect(say(page, "show me all of them")).not_to_contain_text("$3.20")
    ask(page, 11)
    page.reload()
    expect(messages(page)).to_have_count(11)
    wishes(page).first.click()
    expect(answered(page, 13)).to_contain_text("Your wishes are now: not salsa.")


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_by_keyboard_alone_and_on_a_phone(browser: Browser, address: str, locale: str) -> None:
    context = browser.new_context(
        base_url=address,
        locale=locale,
        viewport={"width": 320, "height": 640},
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto("/")
    launch(page)
    chinese = locale == "zh-CN"
    say(page, "酱 3.2以下 不要莎莎酱" if chinese else "sauce under $3.20, not salsa")
    known = say(page, "你记住了我哪些要求" if chinese else "what do you know about my wishes?")
    expect(known.get_by_role("list", name="您的要求" if chinese else "Your wishes")).to_be_visible()
    count = wishes(page).count()
    assert count >= 2
    for _ in range(30):
        page.keyboard.press("Shift+Tab")
        if wishes(page).first.evaluate("e => e === e.getRootNode().activeElement"):
            break
    for left in range(count - 1, -1, -1):
        expect(wishes(page).first).to_be_focused()
        page.keyboard.press("Enter")
        answered(page, 5 + 2 * (count - left))
        expect(wishes(page)).to_have_count(left)
    # Nothing is left to be taken back: the keyboard is where one writes.
    expect(panel(page).get_by_role("textbox")).to_be_focused()
    empty = "还没有记下什么要求" if chinese else "no wishes yet"
    expect(messages(page).last).to_contain_text(empty)
    assert (
        page.evaluate(
            """() => {
            const log = document.querySelector("daogou-assistant").shadowRoot.querySelector(".log");
            return log.scrollWidth - log.clientWidth;
        }"""
        )
        <= 0
    )
    context.close()


def test_wishes_that_changed_elsewhere(page: Page, complaints: list[str]) -> None:
    go(page, "/")
    launch(page)
    say(page, "sauce under $3.20")
    ask(page, 5)
    visitor = page.evaluate("localStorage.getItem('daogou.visitor')")
    talk = page.evaluate(f"localStorage.getItem('daogou.conversation.{visitor}')")
    other = page.request.patch(f"/v1/conversations/{talk}", data={"goal": "tea"})
    assert other.ok
    wishes(page).nth(1).click()
    alert = panel(page).get_by_role("alert")
    expect(alert).to_contain_text("gone on elsewhere")
    alert.get_by_role("button", name=KNOWN).click()
    expect(page.locator("daogou-assistant [data-busy]")).to_have_count(0)
    expect(messages(page).last).to_contain_text("looking for “tea”")
    state = page.request.get(f"/v1/conversations/{talk}").json()["state"]
    assert state["budget"]["max"] == 320
    complaints.clear()  # Chromium writes a 409 into the console


def shown(page: Page) -> list[dict[str, Any]]:
    """The impressions of the assistant's cards, one line each."""
    return [
        {**line, "list": event["attributionToken"]}
        for event in events(page)
        if event["eventType"] == "impression"
        for line in event["productDetails"]
        if line.get("placement") == "assistant"
    ]


def test_cards_that_were_seen_are_told_once_and_clicks_know_their_list(page: Page) -> None:
    go(page, "/product/coffee")
    launch(page)
    with page.expect_response("**/impressions") as told:
        answer = say(page, "sauce")
    assert told.value.json()["accepted"] >= 1
    panel(page).locator(".log").evaluate("log => log.scrollTo(0, log.scrollHeight)")
    cards = answer.locator(".card")
    count = cards.count()
    ids = cards.evaluate_all("cards => cards.map(c => c.dataset.id)")
    page.wait_for_timeout(1_000)
    first = shown(page)
    assert len({line["list"] for line in first}) == 1
    assert {line["product"]["id"] for line in first} <= set(ids)
    # Seen again after a reload, and once more as the answer to a question: told already.
    page.reload()
    expect(messages(page)).to_have_count(3)
    say(page, "tell me more about the first one")
    page.wait_for_timeout(1_000)
    told_of = [(line["list"], line["product"]["id"]) for line in shown(page)]
    assert len(told_of) == len(set(told_of)) <= count
    # The page that a card leads to knows the list and the place.
    link = messages(page).nth(2).locator(".card a").first
    link.click()
    expect(page).to_have_url(re.compile(f"/product/{ids[0]}$"))
    expect(page.locator(".shelf[aria-busy]")).to_have_count(0)
    viewed = [e for e in events(page) if e["eventType"] == "detail-page-view"][-1]
    assert viewed["attributionToken"] == first[0]["list"]
    assert viewed["productDetails"][0]["placement"] == "assistant"
    assert viewed["productDetails"][0]["position"] == 0


def test_impressions_come_from_a_page_of_another_site(
    browser: Browser, address: str, merchant: Merchant
) -> None:
    merchant.show(page_of(address, 'inline visitor="from-elsewhere"'), policy_of(address))
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(merchant.origin)
    page.evaluate(
        """() => {
            globalThis.left = 0;
            addEventListener("keydown", (event) => { if (event.key === "Escape") left += 1; });
        }"""
    )
    field = page.get_by_role("region", name="Shopping assistant").get_by_role("textbox")
    with page.expect_response("**/impressions") as told:
        field.fill("sauce")
        field.press("Enter")
    assert told.value.ok
    # Escape is the page's own where there is nothing to leave.
    field.press("Escape")
    assert page.evaluate("left") == 1
    answer = page.request.get(f"{address}/v1/visitors/from-elsewhere/events").json()
    assert {e["eventType"] for e in answer["userEvents"]} == {"impression"}
    context.close()


def test_escape_keeps_a_conversation_that_was_to_be_deleted(page: Page) -> None:
    go(page, "/")
    launch(page)
    panel(page).get_by_label("More", exact=True).click()
    panel(page).get_by_role("button", name="Delete this conversation").click()
    expect(panel(page).get_by_role("button", name="Delete", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("daogou-assistant .trouble")).to_be_empty()
    expect(panel(page).get_by_role("textbox")).to_be_focused()
    expect(panel(page)).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()


def test_an_answer_for_another_visitor_is_not_shown(page: Page) -> None:
    go(page, "/")
    launch(page)
    held: list[Any] = []
    page.route("**/messages", lambda route: held.append(route))
    field = panel(page).get_by_role("textbox")
    field.fill("sauce")
    field.press("Enter")
    expect(messages(page)).to_have_count(2)
    while not held:
        page.wait_for_timeout(50)
    page.evaluate("document.querySelector('daogou-assistant').setAttribute('visitor', 'another')")
    expect(messages(page)).to_have_count(1)
    response = held[0].fetch()
    held[0].fulfill(response=response)
    page.unroute("**/messages")
    page.wait_for_timeout(500)
    expect(messages(page)).to_have_count(1)
    assert "sauce" not in json.dumps(messages(page).all_inner_texts())
