"""Pages of the storefront in a real Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about; a test that makes trouble on purpose clears it."""
    return []


@pytest.fixture
def page(browser: Browser, address: str, complaints: list[str]) -> Iterator[Page]:
    """A page of a new visitor; the test fails if the browser complained about anything."""
    context = browser.new_context(
        base_url=address,
        locale="en-US",
        viewport={"width": 1280, "height": 900},
        reduced_motion="reduce",
    )
    opened = context.new_page()
    opened.set_default_timeout(15_000)
    opened.on(
        "console",
        lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None,
    )
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "request",
        lambda r: None if r.url.startswith(address) else complaints.append(f"asked {r.url}"),
    )
    yield opened
    context.close()
    assert complaints == []


expect.set_options(timeout=15_000)
