"""A real process behind a real socket."""

import json
import socket
import threading
import urllib.error
import urllib.request
import uuid
from typing import Any


def call(url: str, body: object = None) -> tuple[int, dict[str, Any]]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310
        url, data=data, headers={"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request) as response:  # noqa: S310
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_it_answers(address: str) -> None:
    assert call(f"{address}/readyz")[1]["products"] == 60
    status, answer = call(f"{address}/v1/search", {"query": "spaghetti"})
    assert (status, answer["results"][0]["id"]) == (200, "spaghetti")
    status, answer = call(f"{address}/v1/search", {"pageSize": -1})
    assert (status, answer["error"]["field"]) == (400, "pageSize")


def test_many_at_once(address: str) -> None:
    visitor = f"visitor-{uuid.uuid4()}"
    statuses: list[int] = []

    def shop(number: int) -> None:
        event = {
            "eventType": "detail-page-view",
            "visitorId": visitor,
            "eventId": f"{visitor}-{number % 10}",  # every event comes four times
            "productDetails": [{"product": {"id": "milk"}}],
        }
        statuses.append(call(f"{address}/v1/events", event)[0])
        statuses.append(call(f"{address}/v1/search", {"query": "milk", "visitorId": visitor})[0])

    threads = [threading.Thread(target=shop, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 80
    _, known = call(f"{address}/v1/visitors/{visitor}/events")
    assert len(known["userEvents"]) == 10


def test_a_head_that_is_no_http_hurts_nobody(address: str) -> None:
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
        assert connection.recv(64).startswith(b"HTTP/1.1 400")
    assert call(f"{address}/healthz")[0] == 200


def test_a_length_that_lies_is_refused_unread(address: str) -> None:
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(
            b"POST /v1/events HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n"
            b"Content-Length: 99999999999\r\n\r\n"
        )
        assert connection.recv(64).startswith(b"HTTP/1.1 413")
