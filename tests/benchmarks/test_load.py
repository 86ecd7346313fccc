"""The load on a server: the client keeps to its timetable, counts what fails, and hides nothing."""

import asyncio
import json
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar, Final

import numpy as np
import pytest

from benchmarks.catalogue import Catalogue
from benchmarks.load.client import Answer, Call, Client, Plan, Result, arrivals, percentile
from benchmarks.load.server import served
from benchmarks.load.shop import sampled_events
from benchmarks.load.shoppers import Asked, Shoppers, side_by_side
from benchmarks.serve import Measured, ask
from benchmarks.soak import CHANGES, Watched, found, slope, soak, timetable, twin
from daogou.bundle import Bundle
from daogou.feeds import write_events_parquet
from daogou.types import EventLine, Product, UserEvent

CATALOGUE: Final = Catalogue(
    tuple(Product(f"p{n}", f"{word} number {n}") for n, word in enumerate(["Milk", "Tea"] * 40)), 80
)


class _Slow(BaseHTTPRequestHandler):
    """Answers one request at a time, each after a while, or as its path says."""

    protocol_version = "HTTP/1.1"
    turn: ClassVar[threading.Lock] = threading.Lock()
    takes: ClassVar[float] = 0.0
    seen: ClassVar[list[tuple[str, bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.turn:
            time.sleep(self.takes)
            self.seen.append((self.path, body))
        answer = b'{"conversationId": "c-1"}'
        self.send_response(500 if self.path == "/wrong" else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Slow) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        _Slow.takes, _Slow.seen = 0.0, []
        yield server.server_port
        server.shutdown()
        thread.join()


def run(plan: Plan) -> Result:
    return asyncio.run(Client(Plan.from_json(json.dumps(asdict(plan)))).run())


def test_requests_leave_when_they_are_due_and_waiting_counts(port: int) -> None:
    """Twenty requests within a moment at a server that takes 20 ms for each, one at a time: the
    last has waited for all others. A client that asks one by one would have said 20 ms."""
    _Slow.takes = 0.02
    plan = Plan("127.0.0.1", port, 10_000, [Call("slow", "/x", {})] * 20)
    result = run(plan)
    waits = sorted(answer.seconds for answer in result.answers)
    assert [answer.status for answer in result.answers] == [200] * 20
    assert waits[-1] >= 19 * 0.02
    assert waits[9] >= 9 * 0.02
    assert result.connections > 1


def test_connections_are_used_again(port: int) -> None:
    result = run(Plan("127.0.0.1", port, 50, [Call("x", "/x", {"n": n}) for n in range(10)]))
    assert result.connections < 10
    assert {json.loads(body)["n"] for _, body in _Slow.seen} == set(range(10))


def test_what_fails_is_counted_and_told(port: int) -> None:
    calls = [Call("x", "/wrong", {}), Call("x", "/right", {})]
    wrong, right = run(Plan("127.0.0.1", port, 100, calls)).answers
    assert (wrong.status, right.status) == (500, 200)
    assert "conversationId" in wrong.told
    assert right.told == ""


def test_a_server_that_is_not_there_fails_every_call() -> None:
    answers = run(Plan("127.0.0.1", 1, 1000, [Call("x", "/x", {})] * 3)).answers
    assert [answer.status for answer in answers] == [0, 0, 0]
    assert "ConnectionRefused" in answers[0].told


def test_a_talk_has_the_id_that_the_server_gave(port: int) -> None:
    plan = Plan(
        "127.0.0.1",
        port,
        100,
        [Call("chat", "/v1/conversations/{}/messages", {}, 0)],
        [("v", "en")],
    )
    run(plan)
    assert [path for path, _ in _Slow.seen] == [
        "/v1/conversations",
        "/v1/conversations/c-1/messages",
    ]


def test_arrivals_are_a_poisson_process() -> None:
    plan = Plan("", 0, 50, [Call("x", "/")] * 5000)
    times = np.array(list(arrivals(plan)))
    gaps = np.diff(times, prepend=0)
    assert times[-1] == pytest.approx(100, rel=0.05)
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.1)
    assert list(arrivals(plan)) == times.tolist()


def test_a_row_counts_good_answers_alone() -> None:
    good = [Answer("search", 0, n / 1000, 0, 200) for n in range(1, 100)]
    bad = Answer("chat", 0, 9, 0.5, 503, "gone")
    measured = Measured("mix", 10, [Result([*good, bad], 10, 0.5, 3)], cpu=1.0, resident=2 << 20)
    row = measured.row()
    assert (row["requests"], row["errors"]) == (100, 1)
    assert row["per_second"] == pytest.approx(9.9)
    assert row["p50_ms"] == pytest.approx(50)
    assert row["max_ms"] == pytest.approx(99)
    assert row["cpu_ms"] == pytest.approx(10)
    assert row["client_cpu"] == pytest.approx(0.05)
    assert row["resident_mb"] == 2
    assert row["first_error"] == "chat: 503 gone"


def test_a_percentile_of_nothing_is_none() -> None:
    assert np.isnan(percentile([], 0.5))
    assert percentile([3, 1, 2], 0.99) == 3


def test_visits_go_on_side_by_side_each_in_its_order() -> None:
    begun: list[int] = []

    def script() -> Iterator[Call]:
        begun.append(len(begun))
        number = begun[-1]
        for step in range(3):
            yield Call(str(number), "/", step)

    calls = side_by_side(script, 100)
    assert len(calls) == 100
    for number in range(len(begun)):
        steps = [call.body for call in calls if call.kind == str(number)]
        assert steps == list(range(len(steps)))
    assert calls[0].kind != calls[1].kind


def test_shoppers_ask_nothing_twice() -> None:
    shoppers = Shoppers(CATALOGUE, ["v1", "v2"], 100)
    searches = [*shoppers.searches(60).calls, *shoppers.searches(60).calls]
    assert len({call.body["query"] for call in searches}) == 120
    visitors = [call.body["visitorId"] for call in searches]
    assert 0.5 < sum(visitor in ("v1", "v2") for visitor in visitors) / 120 < 1
    mix = shoppers.mix(600)
    assert {call.kind for call in mix.calls} == {"recommend", "event", "search", "product", "chat"}
    ids = [call.body["eventId"] for call in mix.calls if call.kind == "event"]
    assert len(set(ids)) == len(ids)
    talks = {call.talk for call in mix.calls if call.talk is not None}
    assert talks == set(range(len(mix.talks)))


def test_events_are_of_some_visitors_and_of_products_that_are_here(tmp_path: Path) -> None:
    now = datetime(2026, 1, 31, tzinfo=UTC)
    events = [
        UserEvent(f"e{v}-{p}", "purchase-complete", f"v{v}", now, (EventLine(p),))
        for p in ("p3", "elsewhere")
        for v in range(4)
    ]
    write_events_parquet(tmp_path / "events.parquet", events)
    kept = list(sampled_events(tmp_path / "events.parquet", CATALOGUE, 2))
    assert [event.visitor_id for event in kept] == ["v0", "v1", "v0", "v1"]
    products = [event.lines[0].product_id for event in kept]
    assert products[:2] == ["p3", "p3"]
    assert products[2] == products[3]
    assert products[2] in {product.id for product in CATALOGUE.products}


# --- the soak


def test_the_timetable_of_changes() -> None:
    table = timetable(310)
    assert [due for due, _ in table] == sorted(due for due, _ in table)
    assert {kind: sum(k == kind for _, k in table) for kind in CHANGES} == CHANGES
    assert [due for due, kind in table if kind == "swaps"] == pytest.approx([310 / 3, 620 / 3])


def test_the_slope_of_memory_is_after_the_warm_up() -> None:
    samples = [(float(t), int((500 if t < 20 else 700 + t) * 2**20)) for t in range(100)]
    rise = slope(samples, 100)
    assert rise.mean == pytest.approx(3600, rel=0.01)
    assert rise.low <= rise.mean <= rise.high
    rng = np.random.default_rng(0)
    noise = [(float(t), int((700 + rng.normal()) * 2**20)) for t in range(1000)]
    flat = slope(noise, 1000)
    assert flat.low < 0 < flat.high


def test_minutes_are_told_apart() -> None:
    answers = [Answer("x", due, 0.01 * (1 + due // 60), 0, 200) for due in (1.0, 59.0, 61.0)]
    watched = Watched(memory=[(float(t), 2**20 * (1 + t // 60)) for t in range(120)])
    whole, first, second = found(Result(answers, 62, 0.1, 1), watched, 120)
    assert (whole["requests"], first["requests"], second["requests"]) == (3, 2, 1)
    assert (first["p95_ms"], second["p95_ms"]) == pytest.approx((10, 20))
    assert (first["resident_mb"], second["resident_mb"]) == pytest.approx((1, 2))


def test_a_twin_is_a_bundle_of_its_own(planted: Path, tmp_path: Path) -> None:
    shutil.copytree(planted / "bundles", tmp_path / "bundles")
    bundle = Bundle.current(tmp_path / "bundles")
    assert bundle is not None
    other = twin(bundle)
    other.check()
    assert other.id != bundle.id
    assert other.names() == bundle.names()


def test_a_real_server_is_measured(planted: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(planted, home)
    with served(home) as server:
        measured = Measured("daogou search", 50)
        calls = [Call("search", "/v1/search", {"query": f"milk {n}"}) for n in range(20)]
        measured.run(server, Asked(calls), "search", 0)
        row = measured.row()
        assert (row["requests"], row["errors"]) == (20, 0)
        assert float(row["stage_engine_ms"]) > float(row["stage_rank_ms"]) > 0
        assert float(row["resident_mb"]) > 50
        refused = ask(server.port, Asked([Call("x", "/v1/search", {"querry": "milk"})]), 10, 0)
        assert refused.answers[0].status == 400


def test_a_soak_of_seconds(planted: Path, tmp_path: Path) -> None:
    """Real shoppers, real changes: nothing fails, and every change is made."""
    home = tmp_path / "home"
    shutil.copytree(planted, home)
    (home / "daogou.toml").write_text("[server]\nmessages_per_minute = 0\n")
    result, watched = soak(home, 8, 10)
    row = found(result, watched, 8)[0]
    assert row["errors"] == 0, row["first_error"]
    assert watched.failed == []
    assert watched.done == CHANGES
    assert row["requests"] == 80
