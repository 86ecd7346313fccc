"""A client that keeps to its timetable: requests leave when they are due, answered or not.

    python -m benchmarks.load.client < PLAN.json > RESULT.json

An open loop. A client that waits for an answer before it asks again slows down with the server,
and so does not see how long others would have waited ("coordinated omission"). Here a request is
due at a time of its own, its latency counts from then, and where all connections are busy it opens
another one. Arrivals are those of a Poisson process, as of many shoppers who do not know of each
other.

It is a process of its own, speaks HTTP/1.1 over asyncio's streams with nothing between, and tells
what it cost: its CPU seconds, and by how much requests left late, which is part of their latency.
"""

import asyncio
import json
import random
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

PATIENCE: Final = 30.0
"""Seconds after which a request has failed."""
IDLE: Final = 3.0
"""Seconds after which a connection is not used again: uvicorn hangs up after five."""
FAILED: Final = 0
"""Stands for the status of a request that was not answered."""
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSED: Final = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    Attributes
    ----------
    kind
        Under which it is counted.
    path
        ``"{}"`` in it stands for the id of a conversation.
    body
        What is posted as JSON; None is a GET.
    talk
        Number of the conversation that it belongs to.
    """

    kind: str
    path: str
    body: Any = None
    talk: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be asked, and how fast.

    Attributes
    ----------
    rate
        Requests that are due in a second, on average.
    talks
        Conversations to begin before the clock starts, each with a visitor and a language.
    headers
        Sent with every request, such as a key.
    """

    host: str
    port: int
    rate: float
    calls: list[Call]
    talks: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    seed: int = 0

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        """Read what ``asdict`` and ``json`` wrote."""
        told = json.loads(text)
        calls = [Call(**call) for call in told.pop("calls")]
        talks = [(visitor, language) for visitor, language in told.pop("talks")]
        return cls(calls=calls, talks=talks, **told)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a call.

    Attributes
    ----------
    due, seconds
        When it was due, in seconds from the start, and how long after that its answer was there.
    late
        How long after it was due it left, in seconds.
    status
        Of the answer; 0 where there was none.
    told
        The beginning of an answer that is no success.
    """

    kind: str
    due: float
    seconds: float
    late: float
    status: int
    told: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """All answers in the order of the plan, and what the client cost."""

    answers: list[Answer]
    wall: float
    cpu: float
    connections: int

    @classmethod
    def from_json(cls, text: str) -> "Result":
        """Read what the client wrote."""
        told = json.loads(text)
        return cls(answers=[Answer(**answer) for answer in told.pop("answers")], **told)


class Connection:
    """One connection that stays open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._open = True
        self._used = time.monotonic()

    @property
    def usable(self) -> bool:
        """Whether the server is still there."""
        return self._open and time.monotonic() - self._used < IDLE

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request, and read the whole answer: status and body.

        Raises
        ------
        OSError, asyncio.IncompleteReadError
            The connection broke.
        ValueError
            The answer does not tell its length.
        """
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if length is None:
            raise ValueError(f"an answer without Content-Length: {head[:200]!r}")
        body = await self._reader.readexactly(int(length[1]))
        self._open = _CLOSED.search(head) is None
        self._used = time.monotonic()
        return int(head[9:12]), body

    def close(self) -> None:
        """Hang up."""
        self._open = False
        self._writer.close()


class Client:
    """Sends calls over as many connections as it takes."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._idle: list[Connection] = []
        self._talks: list[str] = []
        self.connections = 0
        lines = [f"Host: {plan.host}:{plan.port}", "Accept: application/json"]
        lines += [f"{name}: {value}" for name, value in plan.headers.items()]
        self._headers = "\r\n".join(lines)

    async def run(self) -> Result:
        """Begin the conversations, then keep to the timetable until all is answered."""
        for visitor, language in self._plan.talks:
            body = {"visitorId": visitor, "languageCode": language}
            status, told = await self._send(Call("begin", "/v1/conversations", body))
            if status != 200:
                raise SystemExit(f"no conversation could be begun: {status} {told[:500]!r}")
            self._talks.append(json.loads(told)["conversationId"])
        cpu, begun = time.process_time(), time.perf_counter()
        tasks = []
        for call, due in zip(self._plan.calls, arrivals(self._plan), strict=True):
            await asyncio.sleep(max(due - (time.perf_counter() - begun), 0))
            tasks.append(asyncio.create_task(self._answer(call, due, begun)))
        answers = await asyncio.gather(*tasks)
        wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
        for connection in self._idle:
            connection.close()
        return Result(list(answers), wall, cpu, self.connections)

    async def _answer(self, call: Call, due: float, begun: float) -> Answer:
        late = time.perf_counter() - begun - due
        status, told = FAILED, ""
        try:
            async with asyncio.timeout(PATIENCE):
                status, body = await self._send(call)
            if not 200 <= status < 300:
                told = body[:500].decode(errors="replace")
        except (OSError, EOFError, ValueError) as error:  # TimeoutError is an OSError
            told = f"{type(error).__name__}: {error}"
        seconds = time.perf_counter() - begun - due
        return Answer(call.kind, due, seconds, late, status, told)

    async def _send(self, call: Call) -> tuple[int, bytes]:
        request = self._written(call)
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                break
            connection.close()
        else:
            host, port = self._plan.host, self._plan.port
            connection = Connection(*await asyncio.open_connection(host, port))
            self.connections += 1
        try:
            answer = await connection.ask(request)
        except BaseException:
            connection.close()
            raise
        if connection.usable:
            self._idle.append(connection)
        return answer

    def _written(self, call: Call) -> bytes:
        path = call.path if call.talk is None else call.path.format(self._talks[call.talk])
        if call.body is None:
            return f"GET {path} HTTP/1.1\r\n{self._headers}\r\n\r\n".encode()
        body = json.dumps(call.body).encode()
        head = f"POST {path} HTTP/1.1\r\n{self._headers}\r\nContent-Type: application/json\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def arrivals(plan: Plan) -> Iterator[float]:
    """When each call is due: a Poisson process."""
    rng = random.Random(plan.seed)  # noqa: S311  # no secret
    now = 0.0
    for _ in plan.calls:
        now += rng.expovariate(plan.rate)
        yield now


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so many of all do not exceed; NaN of none."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def main() -> None:
    """Run the plan of standard input."""
    plan = Plan.from_json(sys.stdin.read())
    result = asyncio.run(Client(plan).run())
    json.dump(asdict(result), sys.stdout)


if __name__ == "__main__":
    main()
