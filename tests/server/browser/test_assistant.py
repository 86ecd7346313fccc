"""The assistant in a real browser: by mouse and by keyboard, in both languages."""

import re
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.server.browser.pages import events, go
from tests.server.browser.talking import answered, launch, messages, panel, press, say, stored_cart
from tests.server.browser.test_access import tab_to

pytestmark = pytest.mark.browser

HOSTILE: Final = "<img src=x onerror=alert(1)><script>alert(2)</script>"


def test_it_greets_finds_and_says_why(page: Page) -> None:
    go(page, "/")
    expect(panel(page)).to_be_hidden()
    chat = launch(page)
    expect(messages(page).first).to_contain_text("automated assistant")
    expect(chat.get_by_role("log", name="Conversation")).to_be_visible()
    expect(chat.get_by_role("textbox")).to_be_focused()
    answer = say(page, "sauce under $3.20")
    cards = answer.get_by_role("list", name="Products").get_by_role("listitem")
    assert cards.count() >= 2
    expect(cards.first).to_contain_text("In stock")
    expect(cards.first).to_contain_text("Why this?")
    assert all(float(t[1:]) <= 3.2 for t in answer.locator(".price").all_inner_texts())
    href = cards.first.get_by_role("link").get_attribute("href")
    assert href is not None
    product_id = cards.first.get_attribute("data-id")
    cards.first.get_by_role("link").click()
    expect(page).to_have_url(re.compile(f"/product/{product_id}$"))
    # It is open there too, with what was said, and the view says where it came from.
    expect(messages(page)).to_have_count(3)
    expect(panel(page)).to_be_visible()
    expect(page.locator(".shelf[aria-busy]")).to_have_count(0)
    viewed = next(e for e in events(page) if e["eventType"] == "detail-page-view")
    assert viewed["productDetails"][0]["placement"] == "assistant"


def test_nothing_goes_into_the_cart_without_a_yes_and_there_is_one_cart(page: Page) -> None:
    go(page, "/product/milk")
    page.get_by_role("button", name="Add to cart", exact=True).click()
    expect(page.get_by_role("link", name="Cart, 1 item")).to_be_visible()
    launch(page)
    say(page, "ground coffee")
    panel(page).get_by_role("button", name="Add to cart: Ground Coffee, 12 oz").first.click()
    confirm = answered(page, 5)
    expect(confirm).to_contain_text("to your cart?")
    assert [line["id"] for line in stored_cart(page)] == ["milk"]
    press(page, "No")
    assert [line["id"] for line in stored_cart(page)] == ["milk"]
    say(page, "add two of it")
    added = press(page, "Yes")
    expect(added).to_contain_text("$21.47")  # with the milk that was put in on the page
    expect(page.get_by_role("link", name="Cart, 3 items")).to_be_visible()
    told = [e for e in events(page) if e["eventType"] == "add-to-cart"]
    coffee = [
        line for e in told for line in e["productDetails"] if line["product"]["id"] == "coffee"
    ]
    assert len(coffee) == 1  # the conversation tells it, and the page does not tell it again
    assert coffee[0]["quantity"] == 2
    assert coffee[0]["price"] == {"amount": 899, "currency": "USD"}
    assert coffee[0]["placement"] == "assistant"
    # What is taken out on the page is out in the conversation.
    go(page, "/cart")
    page.get_by_role("button", name="Remove Whole Milk, 1 gal").click()
    expect(page.locator(".line")).to_have_count(1)
    shown = say(page, "what is in my cart?")
    expect(shown).not_to_contain_text("Milk")
    expect(shown).to_contain_text("$17.98")
    # And the other way round, while the cart's page is open.
    say(page, "remove the coffee from my cart")
    press(page, "Yes")
    expect(page.locator(".line")).to_have_count(0)
    expect(page.get_by_text("Your cart is empty.", exact=True).first).to_be_visible()


def test_a_size_is_chosen_first(page: Page) -> None:
    go(page, "/product/apron")
    launch(page)
    say(page, "add it to my cart")
    press(page, "M")
    press(page, "Yes")
    expect(page.get_by_role("link", name="Cart, 1 item")).to_be_visible()
    assert stored_cart(page) == [{"id": "apron", "variantId": "apron-m", "quantity": 1}]


def test_questions_on_a_product_page_are_answered(page: Page) -> None:
    article = {
        "id": "keeping-rice",
        "title": "How to keep rice",
        "text": "Dry and dark, for a year.",
        "languageCode": "en",
        "productIds": ["rice"],
    }
    assert page.request.put("/v1/knowledge", data={"articles": [article]}).ok
    go(page, "/product/rice")
    asking = page.get_by_role("region", name="Worth asking")
    expect(asking.get_by_role("button")).to_have_count(3)
    asking.get_by_role("button", name="How to keep rice").click()
    told = answered(page, 3)
    expect(messages(page).nth(1)).to_have_text("How to keep rice")
    expect(told).to_contain_text("Dry and dark, for a year.")
    source = told.get_by_role("link", name="How to keep rice")
    expect(source).to_have_attribute("href", re.compile("/knowledge/keeping-rice$"))
    asking.get_by_role("button", name=re.compile("How does it compare")).click()
    table = answered(page, 5).get_by_role("table")
    expect(table.get_by_role("columnheader", name="Jasmine Rice, 5 lb")).to_be_visible()
    expect(table.get_by_role("row", name=re.compile(r"price \$7\.99"))).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()
    page.request.delete("/v1/knowledge/keeping-rice")


def test_it_is_rated_resumed_begun_anew_and_deleted(page: Page, complaints: list[str]) -> None:
    go(page, "/")
    launch(page)
    answer = say(page, "milk")
    good = answer.get_by_role("button", name="Good answer")
    good.click()
    expect(good).to_have_attribute("aria-pressed", "true")
    count = messages(page).count()
    visitor = page.evaluate("localStorage.getItem('daogou.visitor')")
    first = page.evaluate(f"localStorage.getItem('daogou.conversation.{visitor}')")
    page.reload()
    expect(messages(page)).to_have_count(count)
    expect(messages(page).nth(1)).to_have_text("milk")
    expect(messages(page).nth(2).get_by_role("button", name="Good answer")).to_have_attribute(
        "aria-pressed", "true"
    )
    panel(page).get_by_label("More", exact=True).click()
    panel(page).get_by_role("button", name="New conversation").click()
    expect(messages(page)).to_have_count(1)
    assert page.request.get(f"/v1/conversations/{first}").ok
    second = page.evaluate(f"localStorage.getItem('daogou.conversation.{visitor}')")
    assert second != first
    panel(page).get_by_label("More", exact=True).click()
    panel(page).get_by_role("button", name="Delete this conversation").click()
    expect(panel(page).get_by_role("alert")).to_contain_text("for good?")
    panel(page).get_by_role("button", name="Keep it").click()
    expect(panel(page).get_by_role("textbox")).to_be_focused()
    panel(page).get_by_label("More", exact=True).click()
    panel(page).get_by_role("button", name="Delete this conversation").click()
    panel(page).get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("daogou-assistant [data-busy]")).to_have_count(0)
    expect(messages(page)).to_have_count(1)
    assert page.request.get(f"/v1/conversations/{second}").status == 404
    complaints.clear()


def test_by_keyboard_alone(page: Page) -> None:
    go(page, "/product/spaghetti")
    opener = page.get_by_role("button", name="Ask the assistant")
    for _ in range(5):
        page.keyboard.press("Shift+Tab")
        if opener.evaluate("e => e === e.getRootNode().activeElement"):
            break
    page.keyboard.press("Enter")
    expect(messages(page)).to_have_count(1)
    field = panel(page).get_by_role("textbox")
    expect(field).to_be_focused()
    page.keyboard.type("add it to my cart")
    page.keyboard.press("Shift+Enter")
    expect(messages(page)).to_have_count(1)
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    answered(page, 3)
    expect(field).to_be_focused()
    expect(panel(page).get_by_role("button", name="Yes")).to_be_visible()
    page.keyboard.press("Shift+Tab")  # No
    page.keyboard.press("Shift+Tab")
    expect(panel(page).get_by_role("button", name="Yes")).to_be_focused()
    page.keyboard.press("Space")
    answered(page, 5)
    expect(field).to_be_focused()
    expect(page.get_by_role("link", name="Cart, 1 item")).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()
    expect(opener).to_be_focused()
    # From a question of the page the keyboard goes there and back as well.
    question = page.get_by_role("region", name="Worth asking").get_by_role("button").first
    page.locator("main").focus()
    name = question.inner_text()
    tab_to(page, re.escape(name), "button")
    page.keyboard.press("Enter")
    answered(page, 7)
    page.keyboard.press("Escape")
    expect(question).to_be_focused()


def test_chinese(page: Page) -> None:
    go(page, "/product/coffee")
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("研磨咖啡 12 盎司")
    launch(page)
    expect(messages(page).first).to_contain_text("自动导购助手")
    expect(messages(page).first).to_have_attribute("lang", "zh-CN")
    expect(panel(page).get_by_role("log", name="对话")).to_be_visible()
    answer = say(page, "加入购物车")
    expect(answer).to_contain_text("加入购物车吗")
    press(page, "好的")
    expect(page.get_by_role("link", name=re.compile("^购物车, 1 "))).to_be_visible()
    asking = page.get_by_role("region", name="可以问问").get_by_role("button").first
    asking.click()
    told = answered(page, 7)
    assert re.search("[一-鿿]", told.locator(".text").inner_text())
    # The assistant follows the shopper's language, not the page's.
    english = say(page, "show me some green tea")
    expect(english).to_have_attribute("lang", "en-US")
    expect(page.get_by_role("dialog", name="Shopping assistant")).to_be_visible()


def test_text_stays_text(page: Page) -> None:
    body = {
        "title": f"Qzzyx {HOSTILE}",
        "description": HOSTILE,
        "brands": [HOSTILE],
        "categories": ["Hostile"],
        "price": {"amount": 100, "currency": "USD"},
        "questionsAndAnswers": [{"question": f"Is it {HOSTILE}?", "answer": HOSTILE}],
    }
    assert page.request.put("/v1/products/hostile", data=body).ok
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    go(page, "/product/hostile")
    page.get_by_role("region", name="Worth asking").get_by_role("button").first.click()
    told = answered(page, 3)
    expect(messages(page).nth(1)).to_have_text(f"Is it {HOSTILE}?")
    expect(told).to_contain_text(HOSTILE)
    found = say(page, f"qzzyx {HOSTILE}")
    inside = page.locator("daogou-assistant .log")
    assert inside.locator("script, img, b:not(.why b)").count() == 0
    assert inside.locator("a").evaluate_all("all => all.every(a => /^https?:/.test(a.href))")
    expect(found.or_(told).first).to_be_visible()
    page.request.delete("/v1/products/hostile")
