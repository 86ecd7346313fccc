"""A shopper in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.server.browser.pages import box, events, go, ids, settled

pytestmark = pytest.mark.browser


def test_home_has_shelves_and_departments(page: Page) -> None:
    go(page, "/")
    expect(page.get_by_role("heading", level=1)).to_have_text("What shall it be today?")
    page.get_by_label("Shop as").select_option(label="Cooks pasta every week")
    expect(page.locator("#buy-again .card").first).to_be_visible()
    settled(page)
    assert set(ids(page.locator("#buy-again"))) >= {"spaghetti", "tomato-sauce", "parmesan"}
    for shelf in ("For you", "Buy again", "Popular in the shop"):
        expect(page.get_by_role("region", name=shelf)).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Produce"))).to_be_visible()
    expect(page.locator("#buy-again .why").first).to_contain_text("Why this? You bought this")
    shown = [ids(page.locator(f"#{name}")) for name in ("for-you", "buy-again", "popular")]
    assert not set(shown[2]) & {*shown[0], *shown[1]}


def test_search_narrows_by_facet_and_back_undoes_it(page: Page) -> None:
    go(page, "/")
    box(page).fill("sauce")
    box(page).press("Enter")
    expect(page).to_have_url(re.compile(r"/search\?q=sauce"))
    settled(page)
    go(page, "/search?category=Pantry")
    expect(page.locator("#count")).to_have_text("12 products")
    brands = page.get_by_role("group", name="Brand")
    brands.get_by_label(re.compile("Bella")).check()
    expect(page.locator("#count")).to_have_text("3 products")
    assert set(ids(page.locator(".grid"))) == {"spaghetti", "penne", "tomato-sauce"}
    # Another brand can be chosen as well, and the keyboard stays where it was.
    expect(brands.get_by_label(re.compile("Bella"))).to_be_focused()
    brands.get_by_label(re.compile("Casa Sol")).check()
    expect(page.locator("#count")).to_have_text("4 products")
    page.go_back()
    expect(page.locator("#count")).to_have_text("3 products")
    page.get_by_role("button", name="Remove the filter Bella").click()
    expect(page.locator("#count")).to_have_text("12 products")
    page.reload()
    expect(page.locator("#count")).to_have_text("12 products")


def test_price_facet_and_category_tree(page: Page) -> None:
    go(page, "/search")
    expect(page.locator("#count")).to_have_text("60 products")
    first = page.get_by_role("group", name="Price").get_by_role("listitem").first
    count = first.locator(".count").inner_text()
    first.get_by_role("checkbox").check()
    expect(page.locator("#count")).to_have_text(f"{count} products")
    page.get_by_role("button", name=re.compile("Remove the filter")).click()
    tree = page.locator(".tree")
    tree.get_by_role("link", name=re.compile("^Dairy")).click()
    expect(page.locator("#count")).to_have_text("8 products")
    tree.get_by_role("link", name=re.compile("^Cheese")).click()
    expect(page.locator("#count")).to_have_text("2 products")
    expect(tree.locator("[aria-current]")).to_have_text("Cheese")


def test_sort_by_price(page: Page) -> None:
    go(page, "/search")
    page.get_by_label("Sort by").select_option("price")
    expect(page.locator(".grid .card").first).to_have_attribute("data-id", "banana")
    prices = page.locator(".grid .price").all_inner_texts()
    amounts = [float(text.split("$")[1].split()[0]) for text in prices]
    assert amounts == sorted(amounts)


def test_chinese(page: Page) -> None:
    go(page, "/product/spaghetti")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("意大利面 16 盎司")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.get_by_role("button", name="English")).to_be_focused()
    expect(page.get_by_role("button", name="加入购物车", exact=True)).to_be_visible()
    go(page, "/")  # it is remembered
    expect(page.get_by_role("heading", level=1)).to_have_text("今天想买点什么？")
    box(page).fill("牛奶")
    box(page).press("Enter")
    settled(page)
    assert "milk" in ids(page.locator(".grid"))
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Results for “牛奶”")


def test_a_chosen_category_survives_the_language_switch(page: Page) -> None:
    go(page, "/search?category=Dairy")
    page.get_by_role("button", name="中文").click()
    expect(page.locator("#count")).to_have_text("8 件商品")
    expect(page.locator(".tree [aria-current]")).to_have_text("乳制品")


def test_the_product_page(page: Page, complaints: list[str]) -> None:
    go(page, "/product/spaghetti")
    expect(page).to_have_title("Spaghetti, 16 oz · Corner Market")
    expect(page.get_by_role("navigation", name="Where this is")).to_contain_text("Pantry")
    expect(page.locator(".product .price")).to_have_text("$1.79")
    with_it = ids(page.locator("#goes-with"))
    assert {"tomato-sauce", "parmesan"} & set(with_it)
    expect(page.locator("#goes-with .why").first).to_contain_text("Often bought with Spaghetti")
    go(page, "/product/nothing")
    expect(page.get_by_role("heading", level=1)).to_have_text("This product is no longer here")
    complaints.clear()  # Chromium writes every 404 into the console


def test_a_variant_has_to_be_chosen(page: Page) -> None:
    go(page, "/product/apron")
    page.get_by_role("button", name="Add to cart").click()
    expect(page.get_by_role("alert")).to_have_text("Please choose one first.")
    expect(page.get_by_role("radio", name="L $21.99 Out of stock")).to_be_disabled()
    page.get_by_role("radio", name="M").check()
    page.get_by_role("button", name="One more", exact=True).click()
    page.get_by_role("button", name="Add to cart").click()
    go(page, "/cart")
    expect(page.locator(".line")).to_contain_text("Kitchen Apron")
    expect(page.locator(".line output")).to_have_text("2")
    expect(page.locator(".total strong")).to_have_text("$39.98")
    added = next(e for e in events(page) if e["eventType"] == "add-to-cart")
    assert added["productDetails"][0]["variantId"] == "apron-m"


def test_cart_recommendations_follow_the_cart(page: Page) -> None:
    go(page, "/product/cereal")
    page.get_by_role("button", name="Add to cart").click()
    settled(page)
    go(page, "/cart")
    breakfast = ids(page.locator("#cart-shelf"))
    assert "cereal" not in breakfast
    assert {"milk", "banana"} & set(breakfast)
    # Out of the cart with it, and pasta in.
    go(page, "/product/spaghetti")
    page.get_by_role("button", name="Add to cart").click()
    settled(page)
    go(page, "/cart")
    page.get_by_role("button", name="Remove Honey Rings, 12 oz").click()
    expect(page.locator(".line")).to_have_count(1)
    settled(page)
    expect(page.locator("#cart-shelf [data-id=spaghetti]")).to_have_count(0)
    pasta = ids(page.locator("#cart-shelf"))
    assert pasta != breakfast
    assert {"tomato-sauce", "parmesan"} & set(pasta)


def test_adding_from_a_shelf_changes_the_shelf(page: Page) -> None:
    go(page, "/cart")
    go(page, "/product/coffee")
    page.get_by_role("button", name="Add to cart").click()
    settled(page)
    go(page, "/cart")
    before = ids(page.locator("#cart-shelf"))
    page.locator("#cart-shelf").get_by_role("button", name=re.compile("^Add ")).first.click()
    expect(page.locator(".line")).to_have_count(2)
    expect(page.locator(f"#cart-shelf [data-id={before[0]}]")).to_have_count(0)
    expect(page.locator("#live")).to_have_text(re.compile("In the cart"))


def test_not_interested(page: Page) -> None:
    go(page, "/")
    page.locator("#for-you .card").first.hover()
    first = ids(page.locator("#for-you"))[0]
    page.locator("#for-you").get_by_role("button", name=re.compile("^Not interested")).first.click()
    expect(page.locator(f"#for-you [data-id={first}]")).to_have_count(0)
    told = [e for e in events(page) if e["eventType"] == "not-interested"]
    assert [e["productDetails"][0]["product"]["id"] for e in told] == [first]


def test_a_purchase_is_offered_again(page: Page) -> None:
    go(page, "/")
    expect(page.locator("#buy-again")).to_be_hidden()
    go(page, "/product/green-tea")
    page.get_by_role("button", name="Add to cart").click()
    settled(page)
    go(page, "/cart")
    page.get_by_role("button", name="Buy now").click()
    expect(page.get_by_role("heading", name="Thank you!")).to_be_focused()
    expect(page.get_by_role("link", name="Cart, 0 items")).to_be_visible()
    page.get_by_role("link", name="See what changed").click()
    settled(page)
    assert ids(page.locator("#buy-again")) == ["green-tea"]
    bought = next(e for e in events(page) if e["eventType"] == "purchase-complete")
    assert bought["productDetails"] == [
        {
            "product": {"id": "green-tea"},
            "quantity": 1,
            "price": {"amount": 499, "currency": "USD"},
        }
    ]


def test_everything_on_the_page_is_an_event(page: Page) -> None:
    go(page, "/")
    card = page.locator("#popular .card, #for-you .card").first
    product_id = card.get_attribute("data-id")
    page.wait_for_timeout(900)  # impressions are sent once the shopper has stopped
    card.get_by_role("link").click()
    settled(page)
    go(page, "/search?q=milk")
    go(page, "/search?category=Dairy")
    go(page, "/cart")
    page.wait_for_timeout(900)
    told = events(page)
    kinds = [e["eventType"] for e in told]
    assert {
        "home-page-view",
        "impression",
        "detail-page-view",
        "search",
        "category-page-view",
        "shopping-cart-page-view",
    } <= set(kinds)
    assert len({e["eventId"] for e in told}) == len(told)
    shown = next(e for e in told if e["eventType"] == "impression")
    positions = [line["position"] for line in shown["productDetails"]]
    assert positions == sorted(set(positions))
    assert {line["placement"] for line in shown["productDetails"]} <= {"home", "popular"}
    viewed = next(e for e in told if e["eventType"] == "detail-page-view")
    assert viewed["productDetails"][0]["product"]["id"] == product_id
    assert viewed["attributionToken"] in {
        e["attributionToken"] for e in told if e["eventType"] == "impression"
    }
    assert next(e for e in told if e["eventType"] == "search")["searchQuery"] == "milk"


def test_what_cannot_be_sent_is_sent_later(page: Page, complaints: list[str]) -> None:
    go(page, "/product/lemon")
    page.route("**/v1/events", lambda route: route.fulfill(status=503, json={}))
    page.get_by_role("button", name="Add to cart").click()
    expect(page.locator("#toast")).to_have_text("In the cart: Lemon")
    settled(page)
    page.unroute("**/v1/events")
    go(page, "/cart")
    assert "add-to-cart" in [e["eventType"] for e in events(page)]
    complaints.clear()  # Chromium writes every 503 into the console
