"""The assistant in trouble, by voice, on small and large screens, in light and dark."""

import json
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.server.browser.pages import go
from tests.server.browser.talking import answered, launch, messages, panel, say
from tests.server.browser.test_access import CONTRAST

pytestmark = pytest.mark.browser

IN_SHADOW: Final = CONTRAST.replace(
    'document.querySelectorAll("body *")',
    'document.querySelector("daogou-assistant").shadowRoot.querySelectorAll("*")',
)


def test_trouble_is_told_and_nothing_is_lost(page: Page, complaints: list[str]) -> None:
    go(page, "/")
    launch(page)
    away = {"error": {"code": 503, "status": "UNAVAILABLE", "message": "the database is away"}}
    page.route("**/messages", lambda route: route.fulfill(status=503, body=json.dumps(away)))
    field = panel(page).get_by_role("textbox")
    field.fill("milk")
    field.press("Enter")
    expect(panel(page).get_by_role("alert")).to_contain_text("the database is away")
    page.unroute("**/messages")
    panel(page).get_by_role("button", name="Try again").click()
    answered(page, 3)
    expect(page.locator("daogou-assistant .trouble")).to_be_empty()
    # An answer that breaks off half-way was finished by the shop, and is fetched from there.
    asked: list[str] = []

    def broken(route: Route) -> None:
        asked.append(route.request.url)
        route.fetch()
        route.fulfill(status=200, content_type="text/event-stream", body='data: {"type":"RUN_')

    page.route("**/messages", broken)
    say(page, "coffee")
    assert len(asked) == 1
    page.unroute("**/messages")
    page.context.set_offline(True)
    expect(panel(page).get_by_role("alert")).to_contain_text("You are offline")
    field.fill("tea")
    field.press("Enter")
    expect(panel(page).get_by_role("button", name="Try again")).to_be_visible()
    page.context.set_offline(False)
    say(page, "green tea")
    expect(page.locator("daogou-assistant .trouble")).to_be_empty()
    complaints.clear()


def test_a_deleted_conversation_is_begun_anew(page: Page, complaints: list[str]) -> None:
    go(page, "/")
    launch(page)
    visitor = page.evaluate("localStorage.getItem('daogou.visitor')")
    assert page.request.delete(f"/v1/visitors/{visitor}").ok
    field = panel(page).get_by_role("textbox")
    field.fill("milk")
    field.press("Enter")
    expect(panel(page).get_by_role("alert")).to_contain_text("has been deleted")
    panel(page).get_by_role("button", name="Try again").click()
    expect(answered(page, 3)).to_contain_text("milk")
    complaints.clear()  # Chromium writes every 404 into the console


def test_the_voice_button_listens_in_the_language_of_the_conversation(
    browser: Browser, address: str
) -> None:
    context = browser.new_context(base_url=address, locale="zh-CN", reduced_motion="reduce")
    context.add_init_script(
        """globalThis.SpeechRecognition = class {
            start() {
                globalThis.heardIn = this.lang;
                const result = Object.assign([{ transcript: "牛奶" }], { isFinal: true });
                setTimeout(() => { this.onresult({ results: [result] }); this.onend(); });
            }
            stop() {}
        };"""
    )
    page = context.new_page()
    page.goto("/")
    launch(page)
    panel(page).get_by_role("button", name="语音输入").click()
    answered(page, 3)
    expect(messages(page).nth(1)).to_have_text("牛奶")
    assert page.evaluate("heardIn") == "zh-CN"
    context.close()


def test_where_nothing_listens_there_is_no_voice_button(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address, locale="en-US", reduced_motion="reduce")
    context.add_init_script("delete globalThis.SpeechRecognition; delete webkitSpeechRecognition")
    page = context.new_page()
    page.goto("/")
    launch(page)
    expect(panel(page).get_by_role("button", name="Send")).to_be_visible()
    expect(panel(page).get_by_role("button", name="Speak")).to_have_count(0)
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_it_fits_and_can_be_read(
    browser: Browser, address: str, width: int, scheme: str, locale: str
) -> None:
    context = browser.new_context(
        base_url=address,
        locale=locale,
        viewport={"width": width, "height": 640},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto("/product/coffee")
    launch(page)
    page.get_by_role("dialog").get_by_role("textbox").fill("sauce")
    page.keyboard.press("Enter")
    answered(page, 3)
    panel(page).locator(".replies button").last.click()
    answered(page, 5)
    assert page.evaluate(IN_SHADOW) == []
    told = page.evaluate(
        """() => {
            const root = document.querySelector("daogou-assistant").shadowRoot;
            const box = root.querySelector(".panel").getBoundingClientRect();
            const seen = [...root.querySelectorAll("button, summary, textarea")]
                .filter((e) => e.checkVisibility());
            const log = root.querySelector(".log");
            return {
                outside: Math.min(box.left, box.top) < 0
                    || box.right > innerWidth || box.bottom > innerHeight,
                width: box.width,
                sticksOut: log.scrollWidth - log.clientWidth,
                small: seen.filter((e) => e.offsetHeight < 24 || e.offsetWidth < 24).length,
                moving: root.getAnimations().filter((a) => a.playState === "running").length,
            };
        }"""
    )
    assert told["outside"] is False
    assert told["sticksOut"] <= 0
    assert told["small"] == 0  # WCAG 2.2, 2.5.8
    assert told["moving"] == 0
    # On a phone the panel is all there is, and the page behind it cannot be reached.
    assert (told["width"] == width) == (width == 320)
    if width == 320:
        for _ in range(30):
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.tagName") in ("DAOGOU-ASSISTANT", "BODY")
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()
    context.close()
