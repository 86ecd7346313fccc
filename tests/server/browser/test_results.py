"""The list of results: facets that keep counting, and more of it on demand."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect

from tests.server.browser.pages import go, ids, settled

pytestmark = pytest.mark.browser


def body(request: Request) -> dict[str, Any]:
    """What a request sent."""
    sent: dict[str, Any] = request.post_data_json or {}
    return sent


def counts(facet: Locator) -> dict[str, int]:
    """The values of a facet and their counts, those that are folded away as well."""
    rows = facet.locator("label").evaluate_all(
        "labels => labels.map(l => [...l.querySelectorAll('span')].map(s => s.textContent))"
    )
    return {label: int(count) for label, count in rows}


def test_several_values_of_a_facet(page: Page) -> None:
    go(page, "/search?category=Pantry")
    brands = page.get_by_role("group", name="Brand")
    before = counts(brands)
    assert before == {"Millstone": 5, "Bella": 3, "Golden Pot": 2, "Redfield": 1, "Casa Sol": 1}
    brands.get_by_role("checkbox", name="Bella 3").check()
    expect(page.locator("#count")).to_have_text("3 products")
    assert counts(brands) == before  # the others are still there to be added
    brands.get_by_role("checkbox", name="Golden Pot 2").check()
    expect(page.locator("#count")).to_have_text("5 products")
    assert counts(brands) == before
    # Another facet is counted within what is chosen here, and the other way round.
    prices = page.get_by_role("group", name="Price")
    assert sum(counts(prices).values()) == 5
    first = prices.get_by_role("checkbox").first
    label = next(iter(counts(prices)))
    first.check()
    expect(page.locator("#count")).to_have_text(f"{counts(prices)[label]} products")
    assert counts(prices)[label] == sum(counts(brands)[b] for b in ("Bella", "Golden Pot"))
    assert len(counts(prices)) > 1
    prices.get_by_role("checkbox").nth(1).check()
    expect(page.get_by_role("list", name="Chosen filters").get_by_role("listitem")).to_have_count(6)
    query = parse_qs(urlsplit(page.url).query)
    assert query["brand"] == ["Bella", "Golden Pot"]
    assert len(query["price"]) == 2
    page.get_by_role("button", name="Clear all filters").click()
    expect(page.locator("#count")).to_have_text("60 products")
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_one_request_a_page(page: Page) -> None:
    asked: list[Request] = []
    page.on("request", lambda r: asked.append(r) if r.url.endswith("/v1/search") else None)
    go(page, "/search?category=Pantry&brand=Bella&price=-200")
    assert len(asked) == 1
    specs = body(asked[0])["facetSpecs"]
    assert {"facetKey": {"key": "brand", "intervals": []}, "excludedFilterKeys": ["brand"]} in specs


def test_facets_by_keyboard(page: Page) -> None:
    go(page, "/search")
    brand = page.get_by_role("checkbox", name=re.compile("^Millstone"))
    brand.focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Remove the filter Millstone")).to_be_visible()
    expect(brand).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Remove the filter Millstone")).to_have_count(0)
    expect(brand).to_be_focused()


def test_more_results_without_duplicates(page: Page) -> None:
    go(page, "/search")
    first = ids(page.locator(".grid"))
    assert len(first) == 24
    expect(page.get_by_text("24 of 60 products")).to_be_visible()
    # What happens between two pages does not shuffle them.
    page.locator(".grid").get_by_role("button", name=re.compile("^Add ")).first.click()
    expect(page.get_by_role("link", name="Cart, 1 item")).to_be_visible()
    more = page.get_by_role("button", name="Show more")
    more.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".grid .card:not(.skeleton)")).to_have_count(48)
    shown = ids(page.locator(".grid"))
    assert shown[:24] == first
    expect(page.locator(f"[data-id='{shown[24]}'] a")).to_be_focused()
    expect(page.locator("#live")).to_have_text("24 more products. 48 of 60 products")
    more.click()
    expect(page.locator(".grid .card:not(.skeleton)")).to_have_count(60)
    shown = ids(page.locator(".grid"))
    assert len(set(shown)) == 60
    expect(page.locator(f"[data-id='{shown[48]}'] a")).to_be_focused()
    expect(more).to_be_hidden()
    # As many are there again after a reload, or coming back from a product.
    page.locator(".grid .card-title a").last.click()
    expect(page).to_have_url(re.compile("/product/"))
    settled(page)
    page.go_back()
    expect(page.locator(".grid .card:not(.skeleton)")).to_have_count(60)


def test_a_product_that_comes_twice_is_shown_once(page: Page) -> None:
    go(page, "/search")
    first = ids(page.locator(".grid"))

    def repeat(route: Route) -> None:
        answer = route.fetch().json()
        again = route.fetch(post_data=body(route.request) | {"pageToken": ""}).json()
        route.fulfill(json=answer | {"results": again["results"][:5] + answer["results"]})

    page.route("**/v1/search", repeat)
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(".grid .card:not(.skeleton)")).to_have_count(48)
    assert ids(page.locator(".grid"))[:24] == first
    assert len(set(ids(page.locator(".grid")))) == 48


def test_more_that_does_not_come_can_be_asked_again(page: Page, complaints: list[str]) -> None:
    go(page, "/search")
    page.route("**/v1/search", lambda route: route.fulfill(status=503, json={}))
    page.get_by_role("button", name="Show more").click()
    expect(page.get_by_role("alert")).to_contain_text("The shop could not answer.")
    expect(page.locator(".grid .card")).to_have_count(24)
    page.unroute("**/v1/search")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".grid .card:not(.skeleton)")).to_have_count(48)
    expect(page.get_by_role("alert")).to_have_count(0)
    # A token that is refused would be refused again: the list starts anew.
    refused = {"error": {"code": 400, "message": "made with another version of the index"}}
    page.route("**/v1/search", lambda route: route.fulfill(status=400, json=refused))
    page.get_by_role("button", name="Show more").click()
    expect(page.get_by_role("alert")).to_contain_text("another version of the index")
    page.unroute("**/v1/search")
    with page.expect_request("**/v1/search") as request:
        page.get_by_role("button", name="Try again").click()
    assert "pageToken" not in body(request.value)
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator(".grid .card:not(.skeleton)")).to_have_count(48)
    complaints.clear()  # Chromium writes every 4xx and 5xx into the console


def test_what_is_on_its_way_takes_up_its_place(page: Page) -> None:
    held: list[Route] = []
    page.route("**/v1/search", lambda route: held.append(route))
    with page.expect_request("**/v1/search"):
        page.goto("/search?category=Pantry")
    waiting = page.locator(".grid .skeleton")
    expect(waiting.first).to_be_visible()
    expect(page.locator(".grid")).to_have_attribute("aria-busy", "true")
    before = waiting.first.bounding_box()
    held[0].continue_()
    settled(page)
    after = page.locator(".grid .card").first.bounding_box()
    assert before is not None
    assert after is not None
    assert [after[side] for side in ("x", "y", "width")] == [
        before[side] for side in ("x", "y", "width")
    ]


def test_places_in_the_list_are_told_to_the_shop(page: Page) -> None:
    go(page, "/search")
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(".grid .card:not(.skeleton)")).to_have_count(48)
    clicked = page.locator(".grid .card").nth(30)
    clicked.get_by_role("link").click()
    expect(page).to_have_url(re.compile("/product/"))
    origin = page.evaluate("JSON.parse(sessionStorage.getItem('daogou.clicked'))")
    assert origin["line"]["position"] == 30
    assert origin["line"]["placement"] == "search"


def test_chinese(page: Page) -> None:
    page.add_init_script("localStorage.setItem('daogou.language', 'zh')")
    go(page, "/search?category=Dairy")
    expect(page.get_by_role("heading", level=1)).to_have_text("乳制品")
    expect(page).to_have_title(re.compile("^乳制品"))
    expect(page.get_by_role("button", name="去掉条件：乳制品")).to_be_visible()
    brands = page.get_by_role("group", name="品牌")
    brands.get_by_role("checkbox", name=re.compile("Bella")).check()
    expect(page.locator("#count")).to_have_text("1 件商品")
    page.get_by_role("button", name="清除全部筛选").click()
    expect(page.get_by_text("已显示 24 件，共 60 件")).to_be_visible()
    page.get_by_role("button", name="显示更多").click()
    expect(page.locator("#live")).to_have_text("又显示 24 件商品。 已显示 48 件，共 60 件")
