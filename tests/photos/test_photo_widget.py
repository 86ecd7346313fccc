"""The photo button of the assistant's widget, in a real Chromium over a real server."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.photos.shop import picture
from tests.server.conftest import told_address

pytestmark = pytest.mark.browser
SERVE = Path(__file__).parents[1] / "server" / "serve_planted.py"


@pytest.fixture(scope="module")
def address(painted: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("served") / "home"
    shutil.copytree(painted, home)
    with (home / "log").open("w") as log:
        process = subprocess.Popen([sys.executable, str(SERVE), str(home)], stderr=log)
        try:
            yield told_address(home, process)
        finally:
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(locale="en-US", viewport={"width": 360, "height": 740})
    opened = context.new_page()
    opened.goto(address)
    opened.locator("daogou-assistant .launcher").click()
    expect(opened.locator("daogou-assistant .message").first).to_be_visible()
    yield opened
    context.close()


def choose(page: Page, name: str, content: bytes) -> None:
    file = {"name": name, "mimeType": "image/png", "buffer": content}
    page.locator("daogou-assistant input[type=file]").set_input_files(files=file)  # type: ignore[arg-type]


def test_a_photo_is_sent_and_what_looks_like_it_is_shown(page: Page) -> None:
    expect(page.get_by_role("button", name="Send a photo")).to_be_visible()
    with page.expect_request("**/messages") as sent:
        choose(page, "kite.png", picture("kite", "Red", 3000))
    body = sent.value.post_data_json
    assert body is not None
    assert body["label"] == "Photo"
    assert len(body["image"]) < 200_000  # it was 3,000 pixels wide
    last = page.locator("daogou-assistant .message").last
    expect(last).to_contain_text("look like your photo")
    expect(last.locator(".card").first).to_contain_text("Kite")
    expect(last.locator(".card").first).to_contain_text("Looks like your photo")
    expect(page.locator("daogou-assistant .mine").last).to_have_text("Photo")
    page.reload()
    expect(page.locator("daogou-assistant .mine").last).to_have_text("Photo")


def test_words_that_are_written_go_along(page: Page) -> None:
    page.locator("daogou-assistant textarea").fill("in blue")
    choose(page, "kite.png", picture("kite", "Red", 200))
    last = page.locator("daogou-assistant .message").last
    expect(last.locator(".card").first).to_contain_text("in blue")
    expect(page.locator("daogou-assistant .mine").last).to_have_text("Photo: in blue")
    expect(page.locator("daogou-assistant textarea")).to_have_value("")


def test_what_is_no_picture_is_told_and_not_sent(page: Page) -> None:
    choose(page, "text.png", b"just some text")
    expect(page.locator("daogou-assistant [role=alert]")).to_contain_text("no picture")
    expect(page.locator("daogou-assistant .mine")).to_have_count(0)


def test_the_button_is_hidden_where_the_shop_cannot_look(page: Page) -> None:
    page.evaluate("document.querySelector('daogou-assistant').removeAttribute('photos')")
    expect(page.get_by_role("button", name="Send a photo")).to_be_hidden()
