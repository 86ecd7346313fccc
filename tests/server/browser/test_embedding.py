"""The assistant on a merchant's own page, from another origin, under a policy of its own."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.server.conftest import Merchant

pytestmark = pytest.mark.browser


def page_of(address: str, attributes: str = "") -> str:
    """As docs/assistant.md tells merchants to write it."""
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>A shop</title>
        <script type="module" src="{address}/assistant.js"></script>
        <h1>Their own page</h1>
        <daogou-assistant endpoint="{address}" {attributes}></daogou-assistant>"""


def policy_of(address: str) -> str:
    return f"default-src 'none'; script-src {address}; connect-src {address}"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_one_script_and_one_element_suffice(
    browser: Browser, address: str, merchant: Merchant, language: str
) -> None:
    attributes = f'inline language="{language}" product-url="/p/{{id}}" theme="dark"'
    merchant.show(page_of(address, attributes), policy_of(address))
    context = browser.new_context(reduced_motion="reduce", viewport={"width": 320, "height": 700})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(merchant.origin)
    page.evaluate(
        """() => {
            globalThis.told = [];
            addEventListener("daogou-cart", (event) => told.push(event.detail));
        }"""
    )
    name = {"en": "Shopping assistant", "zh": "导购助手"}[language]
    chat = page.get_by_role("region", name=name)
    messages = page.locator("daogou-assistant .message:not([aria-hidden])")
    expect(messages).to_have_count(1)
    # Who only looks at the page is not dragged into a conversation.
    assert page.evaluate("document.activeElement === document.body")
    field = chat.get_by_role("textbox")
    field.fill({"en": "ground coffee", "zh": "研磨咖啡"}[language])
    field.press("Enter")
    expect(messages).to_have_count(3)
    link = messages.last.get_by_role("link").first
    assert link.get_attribute("href") == f"{merchant.origin}/p/coffee"
    add = {"en": "Add to cart: Ground Coffee, 12 oz", "zh": "加入购物车：研磨咖啡 12 盎司"}[
        language
    ]
    messages.last.get_by_role("button", name=add).click()
    expect(messages).to_have_count(5)
    assert page.evaluate("told") == []
    chat.get_by_role("button", name={"en": "Yes", "zh": "好的"}[language], exact=True).click()
    expect(messages).to_have_count(7)
    line = {"id": "coffee", "variantId": None, "quantity": 1}
    assert page.evaluate("told") == [{"cart": [line], "added": [line], "removed": []}]
    ground = chat.evaluate("element => getComputedStyle(element).backgroundColor")
    assert ground == "rgb(18, 22, 20)"  # dark, whatever the system says
    page.reload()
    expect(messages).to_have_count(7)
    assert complaints == []
    context.close()


def test_the_page_themes_it_and_has_its_own_cart(
    browser: Browser, address: str, merchant: Merchant
) -> None:
    style = (
        "<style>daogou-assistant { --daogou-accent: rgb(90, 0, 120); }"
        " daogou-assistant::part(launcher) { border-radius: 3px; }</style>"
    )
    merchant.show(page_of(address) + style, policy_of(address) + "; style-src 'unsafe-inline'")
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(merchant.origin)
    launcher = page.get_by_role("button", name="Ask the assistant")
    expect(launcher).to_have_css("background-color", "rgb(90, 0, 120)")
    expect(launcher).to_have_css("border-radius", "3px")
    page.evaluate(
        """async () => {
            const assistant = document.querySelector("daogou-assistant");
            assistant.cart = [{ id: "milk", quantity: 2 }];
            await assistant.ask({ text: "what is in my cart?" });
        }"""
    )
    answer = page.locator("daogou-assistant .message").last
    expect(answer).to_contain_text("$6.98")
    expect(answer.get_by_role("link")).to_have_attribute("href", f"{address}/product/milk")
    context.close()


def test_a_site_that_was_not_named_gets_nothing(
    browser: Browser, address: str, merchant: Merchant
) -> None:
    merchant.show(page_of(address), policy_of(address))
    context = browser.new_context()
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda m: refused.append(m.text) if "CORS" in m.text else None)
    # The same machine under another name is another origin.
    page.goto(merchant.origin.replace("127.0.0.1", "localhost"))
    expect(page.get_by_role("heading", name="Their own page")).to_be_visible()
    page.wait_for_function("() => performance.getEntriesByType('resource').length > 0")
    assert page.evaluate("customElements.get('daogou-assistant') === undefined")
    assert re.search("assistant.js", " ".join(refused))
    context.close()
