"""A real Chromium: Debian's or playwright's own; where there is neither, its tests are skipped."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Error, Page, Playwright, expect, sync_playwright

ARGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DEBIAN: Final = "/usr/bin/chromium"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = _launch(playwright)
        yield launched
        launched.close()


def _launch(playwright: Playwright) -> Browser:
    path = DEBIAN if Path(DEBIAN).exists() else shutil.which("chromium")
    try:
        return playwright.chromium.launch(executable_path=path, args=list(ARGS), headless=True)
    except Error as error:
        pytest.skip(
            "no Chromium: run `apt-get install chromium` or `playwright install chromium`"
            f" to have the storefront tested ({str(error).splitlines()[0]})"
        )


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
