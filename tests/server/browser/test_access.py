"""Keyboard, screen reader, small windows, privacy, trouble."""

import itertools
import json
import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.server.browser.pages import box, settled

pytestmark = pytest.mark.browser

PATHS = (
    "/",
    "/search?q=sauce&brand=Bella",
    "/search?q=Redfield+meat+under+$2,+not+beef",
    "/search?q=brocoli",
    "/search?q=zzqxv+under+$3",
    "/product/apron",
    "/product/steak",
    "/cart",
    "/me",
)


def tab_to(page: Page, name: str, role: str = "link") -> None:
    """Press Tab until the element with this role and name has the focus."""
    wanted = page.get_by_role(role, name=re.compile(name)).first  # type: ignore[arg-type]
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"the keyboard does not reach {name}")


def test_home_to_cart_by_keyboard_alone(page: Page) -> None:
    page.goto("/")
    settled(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    page.goto("/")
    settled(page)
    tab_to(page, "Search the shop", "combobox")
    page.keyboard.type("coffee")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("q=coffee"))
    settled(page)
    tab_to(page, "Ground Coffee")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/product/coffee"))
    settled(page)
    tab_to(page, "Add to cart", "button")
    page.keyboard.press("Enter")
    expect(page.locator("#live")).to_have_text("In the cart: Ground Coffee, 12 oz")
    settled(page)
    page.keyboard.press("Home")
    page.goto("/")
    settled(page)
    tab_to(page, "Cart, 1 item")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/cart"))
    settled(page)
    tab_to(page, "One more of Ground Coffee", "button")
    page.keyboard.press("Space")
    expect(page.locator(".line output")).to_have_text("2")
    expect(page.get_by_role("button", name="One more of Ground Coffee")).to_be_focused()
    tab_to(page, "Buy now", "button")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Thank you!")).to_be_focused()


def test_the_focus_can_be_seen(page: Page) -> None:
    page.goto("/product/steak")
    settled(page)
    for _ in range(25):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            """() => {
                const own = getComputedStyle(document.activeElement);
                const over = getComputedStyle(document.activeElement, "::after");
                return own.outlineStyle !== "none" || over.outlineStyle !== "none";
            }"""
        )
        assert seen, page.evaluate("document.activeElement.outerHTML")


@pytest.mark.parametrize("path", PATHS)
def test_landmarks_headings_and_names(page: Page, path: str) -> None:
    page.goto(path)
    settled(page)
    for role in ("banner", "main", "contentinfo"):
        expect(page.get_by_role(role)).to_have_count(1)
    expect(page.get_by_role("search")).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    levels = page.locator("h1, h2, h3, h4").evaluate_all(
        "all => all.filter(e => e.offsetParent).map(e => Number(e.tagName[1]))"
    )
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels)), levels
    nameless = page.locator("button, a, input, select").evaluate_all(
        """all => all.filter(e => e.offsetParent).filter(e => {
            const labels = [...(e.labels ?? [])].map(l => l.textContent).join("");
            return !(e.textContent + labels + (e.getAttribute("aria-label") ?? "")).trim();
        }).map(e => e.outerHTML)"""
    )
    assert nameless == []
    repeated = page.evaluate(
        """() => {
            const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
            return ids.filter((id, i) => ids.indexOf(id) !== i);
        }"""
    )
    assert repeated == []


CONTRAST = """() => {
    const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const rgba = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255)
        .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = (element) => {
        for (let e = element; e; e = e.parentElement) {
            const colour = rgba(getComputedStyle(e).backgroundColor);
            if (colour[3] > 200) return colour;
        }
        return [255, 255, 255, 255];
    };
    const bad = [];
    for (const element of document.querySelectorAll("body *")) {
        const isText = (n) => n.nodeType === 3 && n.textContent.trim();
        if (![...element.childNodes].some(isText) || !element.offsetParent) continue;
        if (element.closest(".tile, .visually-hidden, .skip")) continue;
        const style = getComputedStyle(element);
        const both = [luminance(rgba(style.color)), luminance(ground(element))];
        const ratio = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
        const size = parseFloat(style.fontSize);
        const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
        if (ratio < (large ? 3 : 4.5)) bad.push(`${ratio} ${element.outerHTML.slice(0, 120)}`);
    }
    return bad;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    for path in PATHS:
        page.goto(path)
        settled(page)
        assert page.evaluate(CONTRAST) == [], path
    box(page).fill("gre")
    expect(page.get_by_role("listbox")).to_be_visible()
    page.keyboard.press("ArrowDown")
    assert page.evaluate(CONTRAST) == []


@pytest.mark.parametrize(("width", "language"), [(320, "en-US"), (320, "zh-CN"), (700, "en-US")])
def test_nothing_sticks_out(browser: Browser, address: str, width: int, language: str) -> None:
    context = browser.new_context(
        base_url=address,
        viewport={"width": width, "height": 640},
        locale=language,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto("/")
    page.locator("#shop-as").select_option(index=1)
    expect(page.locator("#buy-again .card").first).to_be_visible()
    for path in PATHS:
        page.goto(path)
        settled(page)
        over = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert over <= 0, path
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, select, input")]
            .filter((e) => e.offsetParent && e.offsetHeight < 24).map((e) => e.outerHTML)"""
    )
    assert small == []  # WCAG 2.2, 2.5.8
    context.close()


def test_what_the_shop_knows_can_be_erased(page: Page) -> None:
    page.goto("/product/lemon")
    settled(page)
    page.get_by_role("contentinfo").get_by_role("link").click()
    expect(page.locator(".timeline li").last).to_contain_text("Looked at")
    expect(page.locator(".timeline")).to_contain_text("Lemon")
    before = page.evaluate("localStorage.getItem('daogou.visitor')")
    page.get_by_role("button", name="Erase everything").click()
    dialog = page.get_by_role("dialog", name="Erase everything the shop knows about you?")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Erase everything").click()
    dialog.get_by_role("button", name="Erase", exact=True).click()
    expect(page.get_by_text("The shop knows nothing about you.")).to_be_visible()
    assert page.evaluate("localStorage.getItem('daogou.visitor')") != before
    assert page.request.get(f"/v1/visitors/{before}/events").json()["userEvents"] == []


def test_a_hostile_title_is_only_text(page: Page) -> None:
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    body = {
        "title": hostile,
        "brands": ["<b>bold</b>"],
        "categories": ["Hostile > <i>x</i>"],
        "price": {"amount": 100, "currency": "USD"},
        "images": [{"uri": "/static/nothing.png"}],
    }
    assert page.request.put("/v1/products/hostile", data=body).ok
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    missing = "**/static/nothing.png"
    page.route(
        missing, lambda route: route.fulfill(content_type="image/png", body=b"not a picture")
    )
    page.goto("/product/hostile")
    settled(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(hostile)
    expect(page.locator(".product > .tile")).to_have_text("🛒")  # the photo did not load
    page.goto("/search?category=Hostile")
    settled(page)
    expect(page.locator(".card-title")).to_have_text(hostile)
    page.request.delete("/v1/products/hostile")


def test_trouble_is_told_and_can_be_retried(page: Page, complaints: list[str]) -> None:
    away = {"error": {"code": 503, "status": "UNAVAILABLE", "message": "the database is away"}}
    page.route("**/v1/search", lambda route: route.fulfill(status=503, body=json.dumps(away)))
    page.goto("/search?q=milk")
    expect(page.get_by_role("alert")).to_contain_text("The shop could not answer.")
    expect(page.get_by_role("alert")).to_contain_text("the database is away")
    page.unroute("**/v1/search")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".grid .card").first).to_be_visible()
    complaints.clear()  # Chromium writes every 503 into the console
