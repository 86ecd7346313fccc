"""What the tests of the pages share: going somewhere, waiting for it, and reading what is there."""

from typing import Any

from playwright.sync_api import Locator, Page, expect


def settled(page: Page) -> None:
    """Wait until the page is there and no list is being fetched."""
    expect(page.locator("h1").first).to_be_visible()
    expect(page.locator(".shelf, .grid, .empty, .timeline, .notice").first).to_be_attached()
    expect(page.locator("[aria-busy]")).to_have_count(0)


def go(page: Page, path: str) -> None:
    """Open an address of the shop and wait until it has settled."""
    page.goto(path)
    settled(page)


def box(page: Page) -> Locator:
    """The search box, in either language."""
    return page.get_by_role("search").get_by_role("combobox")


def ids(shelf: Locator) -> list[str]:
    """The products on a shelf or in a list, in order."""
    found: list[str] = shelf.locator(".card").evaluate_all("cards => cards.map(c => c.dataset.id)")
    return found


def events(page: Page) -> list[dict[str, Any]]:
    """What the shop knows of this visitor, oldest first."""
    visitor = page.evaluate("localStorage.getItem('daogou.visitor')")
    answer = page.request.get(f"/v1/visitors/{visitor}/events?limit=1000").json()
    found: list[dict[str, Any]] = answer["userEvents"][::-1]
    return found
