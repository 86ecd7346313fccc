"""Articles on the product page, by keyboard, in both languages; their text stays text."""

import pytest
from playwright.sync_api import Page, expect

from tests.server.browser.pages import go

pytestmark = pytest.mark.browser

ARTICLES = [
    {
        "id": "storing/bread",
        "languageCode": language,
        "title": title,
        "text": f"{first}\n\n## {heading}\n- <img src=x onerror=alert(1)>\n- {item}",
        "categories": ["Bakery > Bread"],
        "uri": "https://shop.example/bread",
    }
    for language, title, first, heading, item in (
        ("en", "Keeping <b>bread</b>", "In a bread box.", "Freezer", "Slice it."),
        ("zh", "面包怎么保存", "放面包箱里。", "冷冻", "先切片。"),
    )
]


def test_good_to_know_opens_in_place_and_on_a_page(page: Page, complaints: list[str]) -> None:
    assert page.request.put("/v1/knowledge", data={"articles": ARTICLES}).ok
    go(page, "/product/bread")
    known = page.get_by_role("region", name="Good to know")
    summary = known.locator("summary")
    expect(summary).to_have_text(["Keeping <b>bread</b>"])
    summary.focus()
    page.keyboard.press("Enter")
    expect(known.get_by_role("heading", name="Freezer")).to_be_visible()
    expect(known.get_by_role("listitem").first).to_have_text("<img src=x onerror=alert(1)>")
    assert known.locator("img, b").count() == 0
    expect(known.get_by_role("link", name="Source")).to_have_attribute(
        "href", "https://shop.example/bread"
    )
    known.get_by_role("link", name="Open as a page").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url("/knowledge/storing/bread")
    expect(page.get_by_role("heading", level=1)).to_have_text("Keeping <b>bread</b>")
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("面包怎么保存")
    go(page, "/product/bread")
    expect(page.get_by_role("region", name="知道更多").locator("summary")).to_have_text(
        ["面包怎么保存"]
    )
    go(page, "/product/ketchup")
    expect(page.locator(".knowledge")).to_be_hidden()
    page.goto("/knowledge/nothing")
    expect(page.get_by_role("heading", level=1)).to_have_text("这篇文章已经不在了")
    # That the article is not there is asked of the shop, and a browser complains of every 404.
    assert all("404" in complaint for complaint in complaints)
    complaints.clear()
    page.request.delete("/v1/knowledge/storing/bread")
