"""What the search page says of the words: chips, corrections, ways out, the order, redirects."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.server.browser.pages import box, go, ids, settled

pytestmark = pytest.mark.browser

MEAT = "/search?q=Redfield+meat+under+$7+not+beef"


def changing(page: Page, **changes: Any) -> None:
    """Let the shop's answers to searches have other values in some fields."""

    def change(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(json=answer.json() | changes)

    page.route("**/v1/search", change)


def said(page: Page, text: str | re.Pattern[str]) -> Locator:
    """Words of the page, not those that only a screen reader is told."""
    return page.get_by_role("main").get_by_text(text)


def chinese(page: Page) -> None:
    page.add_init_script("localStorage.setItem('daogou.language', 'zh')")


def test_chips_of_what_was_understood(page: Page) -> None:
    go(page, MEAT)
    expect(page.get_by_role("list", name="Understood:")).to_match_aria_snapshot(
        """
        - 'list "Understood:"':
          - listitem:
            - 'button "Remove: Redfield"'
          - listitem:
            - 'button "Remove: Meat (preferred)"'
          - listitem:
            - 'button "Remove: up to $7"'
          - listitem:
            - 'button "Remove: not beef"'
        """
    )
    shown = ids(page.locator(".grid"))
    assert {"bacon", "sausage"} <= set(shown)
    assert not {"ground-beef", "steak"} & set(shown)


def test_a_chip_is_taken_away_and_back_brings_it_back(page: Page) -> None:
    go(page, MEAT)
    page.get_by_role("button", name="Remove: not beef").click()
    expect(page.locator("[data-id=ground-beef]")).to_be_visible()
    expect(page.get_by_role("button", name="Remove: not beef")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.get_by_role("button", name="Remove: up to $7").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-id=steak]")).to_be_visible()
    expect(page.locator("#live")).to_have_text(re.compile("^[0-9]+ products found$"))
    both = page.url
    assert len(parse_qs(urlsplit(both).query)["without"]) == 2
    page.go_back()
    expect(page.locator("[data-id=steak]")).to_have_count(0)
    expect(page.get_by_role("button", name="Remove: up to $7")).to_be_visible()
    page.go_back()
    expect(page.locator("[data-id=ground-beef]")).to_have_count(0)
    go(page, both)  # the address can be given to somebody else
    expect(page.locator("[data-id=steak]")).to_be_visible()
    page.get_by_role("button", name="Understand all of it again").click()
    expect(page.get_by_role("button", name="Remove: up to $7")).to_be_visible()
    expect(page.get_by_role("button", name="Remove: not beef")).to_be_visible()
    assert "without" not in page.url


def test_new_words_are_understood_anew(page: Page) -> None:
    go(page, "/search?q=milk+under+$4&without=price:5-13")
    expect(page.locator("#count")).to_have_text("2 products")
    box(page).fill("tofu under $4")
    box(page).press("Enter")
    expect(page.get_by_role("button", name="Remove: up to $4")).to_be_visible()


def test_what_was_given_up_is_said(page: Page) -> None:
    go(page, "/search?q=sauce+over+$3.40+not+Redfield")
    sentence = said(page, "Nothing from $3.40. Up to $3.29:")
    expect(sentence).to_be_visible()
    assert ids(page.locator(".grid")) == ["tomato-sauce", "salsa", "soy-sauce"]
    expect(page.locator("#live")).to_have_text("Nothing from $3.40. Up to $3.29: 3 products found")
    chip = page.get_by_role("button", name="Remove: from $3.40 (given up)")
    assert chip.locator("s").inner_text() == "from $3.40"
    # The other way out is offered, with how many it leads to.
    other = page.get_by_role("group", name="Other ways").get_by_role("button")
    expect(other).to_have_text("Without “not Redfield”1")
    other.click()
    expect(sentence).to_have_count(0)
    expect(page.locator("#count")).to_have_text("1 product")
    assert ids(page.locator(".grid")) == ["ketchup"]
    expect(page.get_by_role("button", name="Remove: from $3.40", exact=True)).to_be_visible()


def test_filters_that_leave_nothing_are_given_up_aloud(page: Page) -> None:
    go(page, "/search?q=milk&category=Snacks")
    expect(said(page, "Nothing passes the filters that are set.")).to_be_visible()
    expect(page.locator("[data-id=milk]")).to_be_visible()
    page.get_by_role("button", name="Remove the filter Snacks").click()
    expect(said(page, "Nothing passes the filters that are set.")).to_have_count(0)
    expect(page.locator("[data-id=milk]")).to_be_visible()


def test_a_correction_that_was_applied_can_be_refused(page: Page) -> None:
    go(page, "/search?q=brocoli")
    expect(said(page, "Showing results for broccoli.")).to_be_visible()
    told = "Showing results for broccoli. 1 product found"
    expect(page.locator("#live")).to_have_text(told)
    assert ids(page.locator(".grid")) == ["broccoli"]
    page.get_by_role("link", name="Search instead for brocoli").click()
    expect(page).to_have_url(re.compile("verbatim"))
    settled(page)
    expect(said(page, "Showing results for")).to_have_count(0)
    # The correction is still only a question away.
    expect(said(page, "Did you mean broccoli?")).to_be_visible()
    page.get_by_role("link", name="broccoli", exact=True).click()
    expect(page.locator("[data-id=broccoli]").first).to_be_visible()
    expect(box(page)).to_have_value("broccoli")


def test_the_order_that_the_words_ask_for(page: Page) -> None:
    go(page, "/search?q=cheapest+sauce")
    sort = page.get_by_label("Sort by")
    expect(sort).to_have_value("price")
    by_price = ["soy-sauce", "salsa", "tomato-sauce", "ketchup"]
    assert ids(page.locator(".grid")) == by_price
    sort.select_option("price desc")
    expect(page.locator(".grid .card").first).to_have_attribute("data-id", "ketchup")
    sort.select_option("")
    expect(page).to_have_url(re.compile("without=sort"))
    expect(sort).to_have_value("")
    expect(page.locator(".grid .card").first).not_to_have_attribute("data-id", "ketchup")
    assert set(ids(page.locator(".grid"))) >= set(by_price)
    page.go_back()
    expect(sort).to_have_value("price desc")
    page.go_back()
    expect(sort).to_have_value("price")


def test_an_empty_page_leads_on(page: Page) -> None:
    go(page, "/search?q=zzqxv+under+$3")
    empty = page.locator(".empty")
    expect(empty).to_contain_text("Nothing here matches all of that.")
    expect(page.get_by_role("region", name="Popular in the shop")).to_be_visible()
    expect(page.locator("#popular .card").first).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("^.*Produce"))).to_be_visible()
    expect(page.locator(".drawer")).to_be_hidden()
    empty.get_by_role("button", name="Without “up to $3”").click()
    expect(page.get_by_role("button", name="Remove: up to $3")).to_have_count(0)
    expect(empty).to_contain_text("Try fewer or other words")
    page.get_by_role("link", name=re.compile("Produce")).click()
    expect(page.locator("#count")).to_have_text("13 products")


def test_the_same_in_chinese(page: Page) -> None:
    chinese(page)
    go(page, "/search?q=牛奶+3美元以下")
    expect(said(page, re.compile("没有不超过.*起："))).to_be_visible()
    expect(page.get_by_role("list", name="已理解：")).to_match_aria_snapshot(
        """
        - 'list "已理解："':
          - listitem:
            - 'button "去掉：牛奶（优先）"'
          - listitem:
            - 'button "去掉：不超过 $3（已放宽）"'
        """
    )
    page.get_by_role("button", name="去掉：不超过 $3（已放宽）").click()
    expect(page.get_by_role("button", name="恢复全部理解")).to_be_visible()
    expect(page.locator("#count")).to_have_text("2 件商品")
    go(page, "/search?q=brocoli")
    expect(said(page, "以下是“broccoli”的搜索结果。")).to_be_visible()
    expect(page.get_by_role("link", name="仍然搜索“brocoli”")).to_be_visible()
    go(page, "/search?q=最便宜的酱油")
    expect(page.get_by_label("排序")).to_have_value("price")
    go(page, "/search?q=zzqxv")
    expect(page.locator(".empty")).to_contain_text("没有商品符合全部条件。")


def test_a_redirect_is_followed_and_back_is_not_a_trap(page: Page) -> None:
    go(page, "/")
    changing(page, redirectUri="/product/milk")
    box(page).fill("milk offers")
    box(page).press("Enter")
    expect(page).to_have_url(re.compile("/product/milk$"))
    settled(page)
    page.go_back()
    expect(page).to_have_url(re.compile("/$"))


def test_two_redirects_that_name_each_other_end(page: Page) -> None:
    changing(page, redirectUri="/search?category=Dairy")
    page.goto("/search?q=sale")
    expect(page).to_have_url(re.compile("category=Dairy"))
    changing(page, redirectUri="/search?q=sale")
    settled(page)
    expect(page.locator("#count")).to_have_text("8 products")


def test_a_redirect_to_another_site(page: Page, complaints: list[str]) -> None:
    elsewhere = "https://sale.example/now"
    page.route(elsewhere, lambda route: route.fulfill(body="<h1>Sale</h1>"))
    changing(page, redirectUri=elsewhere)
    page.goto("/search?q=sale")
    expect(page).to_have_url(elsewhere)
    assert complaints == [f"asked {elsewhere}"]
    complaints.clear()


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "http://[",
        "/search?q=milk",
    ],
)
def test_a_redirect_to_nowhere_good_is_not_followed(page: Page, uri: str) -> None:
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    changing(page, redirectUri=uri)
    go(page, "/search?q=milk")
    expect(page.locator("[data-id=milk]")).to_be_visible()
    assert page.url.endswith("/search?q=milk")
