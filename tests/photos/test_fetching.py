"""Pictures from the web, by a real server that behaves as badly as servers do."""

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from daogou.encoders import PictureFolders, fetch_pictures
from daogou.encoders import fetching as module
from daogou.encoders.fetching import fetch
from daogou.encoders.product_images import fetched_name
from daogou.errors import EncoderError
from tests.photos.shop import picture


class Handler(BaseHTTPRequestHandler):
    """Answers by path; counts what it was asked for."""

    asked: ClassVar[list[str]] = []

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        self.asked.append(self.path)
        match self.path.partition("?")[0]:
            case "/a/main.png":
                self.send(picture("ball", "Red"))
            case "/b/main.png":
                self.send(picture("ball", "Blue"))
            case "/page":
                self.send(b"<html>Not here</html>")
            case "/moved":
                self.moved("/a/main.png")
            case "/circle":
                self.moved("/circle")
            case "/inward":
                self.moved("http://10.0.0.5/secret.png")
            case "/file":
                self.moved("file:///etc/passwd")
            case "/broken":
                self.send_response(200)
                self.send_header("Content-Length", "5000")
                self.end_headers()
                self.wfile.write(b"\x89PNG")
            case "/endless":
                self.send_response(200)
                self.end_headers()
                self.write_on(bytes(1 << 20), 0.0)
            case "/dripping":
                self.write_on(b"H", 0.1)
            case "/silent":
                time.sleep(2)
            case _:
                self.send_error(404)

    def send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def moved(self, where: str) -> None:
        self.send_response(302)
        self.send_header("Location", where)
        self.end_headers()

    def write_on(self, part: bytes, pause: float) -> None:
        try:
            for _ in range(200):
                self.wfile.write(part)
                time.sleep(pause)
        except OSError:
            return  # hung up on, as has to be


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_picture_is_fetched_once(web: str, tmp_path: Path) -> None:
    Handler.asked.clear()
    addresses = [f"{web}/a/main.png", f"{web}/b/main.png", f"{web}/a/main.png"]
    counted: list[tuple[int, int]] = []

    def fetch_all(*, again: bool = False) -> tuple[int, int, int]:
        report = fetch_pictures(
            addresses, tmp_path / "pictures", private=True, again=again,
            progress=lambda done, total: counted.append((done, total)),
        )  # fmt: skip
        assert not report.faults
        return report.addresses, report.fetched, report.kept

    assert fetch_all() == (2, 2, 0)
    assert counted == [(1, 2), (2, 2)]
    assert fetch_all() == (2, 0, 2)
    assert sorted(Handler.asked) == ["/a/main.png", "/b/main.png"]
    assert fetch_all(again=True) == (2, 2, 0)
    assert len(list((tmp_path / "pictures").iterdir())) == 2


def test_two_pictures_of_one_name_are_two(web: str, tmp_path: Path) -> None:
    one, other = f"{web}/a/main.png", f"{web}/b/main.png"
    fetch_pictures([one, other], tmp_path, private=True)
    folders = PictureFolders(fetched=tmp_path)
    assert folders.find(one).read_bytes() == picture("ball", "Red")
    assert folders.find(other).read_bytes() == picture("ball", "Blue")


def test_what_was_fetched_goes_before_what_is_called_so(web: str, tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    (given / "main.png").write_bytes(b"another")
    folders = PictureFolders(given, tmp_path / "fetched")
    address = f"{web}/a/main.png"
    assert folders.find(address) == given / "main.png"
    fetch_pictures([address], tmp_path / "fetched", private=True)
    assert folders.find(address).parent == tmp_path / "fetched"
    with pytest.raises(EncoderError, match="daogou import images"):
        PictureFolders(fetched=tmp_path / "fetched").find(f"{web}/other.png")
    with pytest.raises(EncoderError, match="image_folder"):
        PictureFolders(fetched=tmp_path / "fetched").find("main.png")


def test_a_redirect_is_followed(web: str) -> None:
    assert fetch(f"{web}/moved", private=True) == picture("ball", "Red")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/nowhere.png", "answers 404 Not Found"),
        ("/circle", "redirects more than 3 times"),
        ("/file", "is no address that can be fetched"),
        ("/broken", "breaks off after 4 of 5,000 bytes"),
        ("/endless", "is larger than 32 MB"),
        ("/dripping", "does not come whole within 1.5 seconds"),
        ("/silent", "does not answer within 0.5 seconds"),
    ],
)
def test_a_server_that_behaves_badly_costs_one_picture(web: str, path: str, message: str) -> None:
    with pytest.raises(EncoderError, match=message):
        fetch(f"{web}{path}", timeout=0.5, private=True)


def test_bad_ones_are_told_and_the_good_one_is_there(web: str, tmp_path: Path) -> None:
    addresses = [f"{web}/page", f"{web}/nowhere.png", f"{web}/a/main.png", "ftp://x/1.png"]
    report = fetch_pictures(addresses, tmp_path, private=True)
    assert (report.fetched, report.kept) == (1, 0)
    assert "is not a picture" in report.faults[f"{web}/page"]
    assert set(report.faults) == {addresses[0], addresses[1], addresses[3]}
    assert [path.name for path in tmp_path.iterdir()] == [fetched_name(addresses[2])]


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/1.png",
        "http://localhost:8000/v1/products",
        "http://10.0.0.5/1.png",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/1.png",
        "http://[::ffff:127.0.0.1]/1.png",
        "http://[fd00::1]/1.png",
        "http://2130706433/1.png",
        "http://0.0.0.0/1.png",
        "http://224.0.0.1/1.png",
    ],
)
def test_the_private_network_is_not_asked(address: str) -> None:
    with pytest.raises(EncoderError, match=r"is of a private network.*image_private = true"):
        fetch(address, timeout=0.5)


def test_neither_by_a_redirect(web: str, monkeypatch: pytest.MonkeyPatch) -> None:
    own = web.rpartition(":")[0].removeprefix("http://")
    monkeypatch.setattr(module, "_is_public", lambda address: address == own)
    assert fetch(f"{web}/a/main.png") == picture("ball", "Red")
    with pytest.raises(EncoderError, match=r"private network \(10\.0\.0\.5\)"):
        fetch(f"{web}/inward")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("https://user:secret@shop.example/1.png", "user name"),
        ("https:///1.png", "no address"),
        ("javascript:alert(1)", "no address"),
        ("https://shop.example:99999/1.png", "cannot be fetched"),
    ],
)
def test_what_is_no_address(address: str, message: str) -> None:
    with pytest.raises(EncoderError, match=message):
        fetch(address, timeout=0.5)


@pytest.mark.parametrize("address", ["https://shop.example/1.png", "//shop.example/1.png"])
def test_a_host_that_is_not_known(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []

    def unknown(*told: object, **_: object) -> None:
        asked.append(told)
        raise socket.gaierror("Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(EncoderError, match=r"a host that is not known \(shop\.example\)"):
        fetch(address)
    assert asked == [("shop.example", 443)]
