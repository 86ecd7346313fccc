"""The search box: suggestions while one types, by keyboard, pointer and input method."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect

from tests.server.browser.pages import box, go, settled

pytestmark = pytest.mark.browser


def options(page: Page) -> Locator:
    return page.get_by_role("listbox").get_by_role("option")


def chosen(page: Page) -> Locator:
    return page.get_by_role("listbox").get_by_role("option", selected=True)


def active(page: Page) -> Locator:
    """What a screen reader reads as the chosen option."""
    return page.locator(f"[id='{box(page).get_attribute('aria-activedescendant')}']")


def asked(page: Page) -> list[str]:
    """The texts that suggestions were asked for, from now on."""
    texts: list[str] = []

    def note(request: Request) -> None:
        address = urlsplit(request.url)
        if address.path == "/v1/completeQuery":
            texts.append(parse_qs(address.query)["query"][0])

    page.on("request", note)
    return texts


def answering(*suggestions: dict[str, object]) -> Callable[[Route], None]:
    answer = {"completionResults": suggestions, "attributionToken": "t"}
    return lambda route: route.fulfill(json=answer)


def test_what_a_screen_reader_is_told(page: Page) -> None:
    go(page, "/")
    expect(page.get_by_role("search")).to_match_aria_snapshot(
        """
        - search:
          - text: Search the shop
          - combobox "Search the shop"
          - button "Search"
        """
    )
    expect(box(page)).to_have_attribute("aria-expanded", "false")
    box(page).press_sequentially("gre")
    expect(box(page)).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("search")).to_match_aria_snapshot(
        """
        - search:
          - combobox "Search the shop" [expanded]: gre
          - button "Search"
          - listbox "Suggestions":
            - group "Brands":
              - option "Green Farm"
            - group "Products":
              - option "Green Tea, 40 ct"
              - option "Greek Yogurt, 32 oz"
        """
    )
    expect(page.locator("#live")).to_have_text("3 suggestions, arrow keys to choose")
    assert options(page).first.locator("mark").all_inner_texts() == ["Gre"]
    controlled = box(page).get_attribute("aria-controls")
    expect(page.locator(f"#{controlled}")).to_have_role("listbox")
    assert page.locator("[role=option] :is(a, button, [tabindex])").count() == 0


def test_the_keys_of_a_combobox(page: Page) -> None:
    go(page, "/")
    box(page).press_sequentially("gre")
    expect(options(page)).to_have_count(3)
    expect(box(page)).not_to_have_attribute("aria-activedescendant", re.compile("."))
    for key, name in (
        ("ArrowDown", "Green Farm"),
        ("ArrowDown", "Green Tea, 40 ct"),
        ("ArrowDown", "Greek Yogurt, 32 oz"),
        ("ArrowUp", "Green Tea, 40 ct"),
    ):
        page.keyboard.press(key)
        expect(active(page)).to_have_text(name)
        expect(chosen(page)).to_have_text(name)
        expect(box(page)).to_be_focused()
    # Home and End belong to the text, to which the attention goes back.
    page.keyboard.press("Home")
    expect(chosen(page)).to_have_count(0)
    assert box(page).evaluate("input => input.selectionStart") == 0
    page.keyboard.press("ArrowUp")  # from the text to the last one
    expect(active(page)).to_have_text("Greek Yogurt, 32 oz")
    page.keyboard.press("End")
    assert box(page).evaluate("input => input.selectionStart") == 3
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")  # and from the last one to the text
    expect(chosen(page)).to_have_count(0)
    # Escape closes the list, and then empties the box.
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_have_count(0)
    expect(box(page)).to_have_attribute("aria-expanded", "false")
    expect(box(page)).to_have_value("gre")
    page.keyboard.press("ArrowDown")
    expect(active(page)).to_have_text("Green Farm")
    page.keyboard.press("Alt+ArrowUp")
    expect(page.get_by_role("listbox")).to_have_count(0)
    page.keyboard.press("Alt+ArrowDown")
    expect(options(page)).to_have_count(3)
    expect(chosen(page)).to_have_count(0)
    # Tab goes on, and takes nothing along.
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Search", exact=True)).to_be_focused()
    expect(page.get_by_role("listbox")).to_have_count(0)
    expect(box(page)).to_have_value("gre")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Escape")
    expect(box(page)).to_have_value("")


def test_a_product_by_keyboard_alone(page: Page) -> None:
    go(page, "/")
    box(page).focus()
    page.keyboard.type("green tea")
    expect(options(page)).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/product/green-tea$"))


def test_a_category_and_a_brand_are_filters(page: Page) -> None:
    go(page, "/")
    box(page).press_sequentially("milk")
    page.get_by_role("group", name="Categories").get_by_role("option", name="Milk").click()
    settled(page)
    assert parse_qs(urlsplit(page.url).query) == {"category": ["Dairy > Milk"]}
    expect(page.locator("#count")).to_have_text("2 products")
    box(page).press_sequentially("bella")
    page.get_by_role("group", name="Brands").get_by_role("option", name="Bella").click()
    settled(page)
    assert parse_qs(urlsplit(page.url).query) == {"brand": ["Bella"]}
    expect(page.get_by_role("button", name="Remove the filter Bella")).to_be_visible()


def test_enter_searches_for_the_words_where_nothing_is_chosen(page: Page) -> None:
    go(page, "/")
    box(page).press_sequentially("tomato sauce")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/search\?q=tomato\+sauce$"))


def test_a_query_of_others_is_searched_for(page: Page) -> None:
    hostile = "<img src=x onerror=alert(1)> & milk"
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    page.route(
        "**/v1/completeQuery*",
        answering({"suggestion": hostile, "kind": "query", "highlight": [[30, 34], [90, 99]]}),
    )
    go(page, "/")
    box(page).press_sequentially("milk")
    expect(page.get_by_role("group", name="Searches").get_by_role("option")).to_have_text(hostile)
    options(page).first.click()
    settled(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Results for “{hostile}”")


def test_nothing_to_suggest_is_no_news(page: Page, complaints: list[str]) -> None:
    go(page, "/")
    with page.expect_response("**/v1/completeQuery*"):
        box(page).press_sequentially("zzqxv")
    expect(box(page)).to_have_attribute("aria-expanded", "false")
    expect(page.locator("#live")).to_have_text("")
    # Nor is a shop that does not answer: the search works without.
    page.route("**/v1/completeQuery*", lambda route: route.fulfill(status=503, json={}))
    with page.expect_response("**/v1/completeQuery*"):
        box(page).fill("milk")
    expect(box(page)).to_have_attribute("aria-expanded", "false")
    complaints.clear()  # Chromium writes every 503 into the console
    page.unroute("**/v1/completeQuery*")
    page.keyboard.press("ArrowDown")  # the failure is not kept
    expect(options(page).first).to_be_visible()


def test_an_overtaken_answer_is_dropped(page: Page) -> None:
    go(page, "/")
    held: list[Route] = []
    page.route(re.compile("query=mil&"), lambda route: held.append(route))
    with page.expect_request(re.compile("query=mil&")):
        box(page).press_sequentially("mil")
    with page.expect_event("requestfailed", lambda r: "query=mil&" in r.url):
        box(page).press_sequentially("k")
    expect(options(page)).to_have_text(["Milk", "Whole Milk, 1 gal"])
    assert len(held) == 1


def test_a_press_outside_closes_the_list(page: Page) -> None:
    go(page, "/")
    box(page).press_sequentially("gre")
    expect(options(page)).to_have_count(3)
    page.get_by_role("contentinfo").click()
    expect(page.get_by_role("listbox")).to_have_count(0)


def test_an_input_method_is_left_alone(page: Page) -> None:
    """Half a syllable is not searched for, and the Enter that ends it does not send the form."""
    page.add_init_script("localStorage.setItem('daogou.language', 'zh')")
    go(page, "/")
    texts = asked(page)
    keyboard = page.context.new_cdp_session(page)
    box(page).focus()
    for part in ("n", "niu", "niu'nai"):
        composition = {"text": part, "selectionStart": len(part), "selectionEnd": len(part)}
        keyboard.send("Input.imeSetComposition", composition)
    expect(box(page)).to_have_value("niu'nai")
    page.wait_for_timeout(300)  # time to ask, if it were going to
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    keyboard.send("Input.insertText", {"text": "牛奶"})
    expect(box(page)).to_have_value("牛奶")
    expect(page.get_by_role("group", name="分类").get_by_role("option")).to_have_text("牛奶")
    assert texts == ["牛奶"]
    assert urlsplit(page.url).path == "/"
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/search\?q="))


def test_chinese_by_pinyin(page: Page) -> None:
    page.add_init_script("localStorage.setItem('daogou.language', 'zh')")
    go(page, "/")
    box(page).press_sequentially("niunai")
    expect(page.get_by_role("search")).to_match_aria_snapshot(
        """
        - search:
          - combobox "搜索商品" [expanded]: niunai
          - button "搜索"
          - listbox "搜索建议":
            - group "分类":
              - option "牛奶"
            - group "商品":
              - option "全脂牛奶 1 加仑"
        """
    )
    assert options(page).locator("mark").all_inner_texts() == ["牛奶", "牛奶"]
    expect(page.locator("#live")).to_have_text("2 条建议，用方向键选择")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    settled(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("牛奶")


@pytest.mark.parametrize("width", [320, 768])
def test_by_touch_on_a_small_window(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 560})
    go(page, "/")
    box(page).click()
    box(page).press_sequentially("b")
    expect(options(page).first).to_be_visible()
    listbox = page.get_by_role("listbox")
    edges = listbox.bounding_box()
    assert edges is not None
    assert edges["x"] >= 0
    assert edges["x"] + edges["width"] <= width
    assert edges["y"] + edges["height"] <= 560
    heights = options(page).evaluate_all("all => all.map(option => option.offsetHeight)")
    assert min(heights) >= 24  # WCAG 2.2, 2.5.8
    page.keyboard.press("ArrowUp")
    expect(options(page).last).to_be_in_viewport(ratio=1)
    options(page).first.click()
    expect(page).not_to_have_url(re.compile("/$"))
