"""An OpenAI-compatible endpoint on this machine, over real HTTP: well-behaved, or not at all."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

Request = dict[str, Any]
PIECE: Final = 5


@dataclass
class Endpoint:
    """A running endpoint.

    Attributes
    ----------
    behave
        Writes the answer to a request onto the connection.
    requests
        The bodies that came, with the header of the key as ``"authorization"``.
    """

    url: str
    behave: Callable[["Handler", Request], None]
    requests: list[Request] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    """Hands requests over to what the endpoint does."""

    endpoint: Endpoint
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        request = json.loads(body)
        request["authorization"] = self.headers.get("authorization", "")
        request["path"] = self.path
        self.endpoint.requests.append(request)
        with suppress(BrokenPipeError, ConnectionResetError):  # whoever asked has gone
            self.endpoint.behave(self, request)
        self.close_connection = True

    def begin(self, status: int = 200, kind: str = "text/event-stream") -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("connection", "close")
        self.end_headers()

    def event(self, told: Any) -> None:
        text = told if isinstance(told, str) else json.dumps(told)
        self.wfile.write(f"data: {text}\n\n".encode())
        self.wfile.flush()

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        self.event(
            {
                "id": "c1",
                "object": "chat.completion.chunk",
                "created": int(time.time()),
                "model": "m",
                "choices": [choice],
            }
        )

    def end(self, finish: str = "stop", usage: tuple[int, int] | None = None) -> None:
        self.chunk({}, finish)
        if usage is not None:
            told = {
                "prompt_tokens": usage[0],
                "completion_tokens": usage[1],
                "total_tokens": sum(usage),
            }
            self.event(
                {
                    "id": "c1",
                    "object": "chat.completion.chunk",
                    "created": int(time.time()),
                    "model": "m",
                    "choices": [],
                    "usage": told,
                }
            )
        self.event("[DONE]")

    def log_message(self, *args: Any) -> None:
        """Nothing on the terminal."""

    def say(self, text: str, usage: tuple[int, int] | None = None) -> None:
        """A whole answer, piece by piece."""
        self.begin()
        self.chunk({"role": "assistant", "content": ""})
        for at in range(0, len(text), PIECE):
            self.chunk({"content": text[at : at + PIECE]})
        self.end(usage=usage)

    def call(self, name: str, arguments: str) -> None:
        """A tool call, in two pieces."""
        self.begin()
        half = len(arguments) // 2
        head = {"index": 0, "id": "t1", "type": "function"}
        self.chunk(
            {
                "role": "assistant",
                "tool_calls": [head | {"function": {"name": name, "arguments": arguments[:half]}}],
            }
        )
        self.chunk({"tool_calls": [{"index": 0, "function": {"arguments": arguments[half:]}}]})
        self.end("tool_calls")


@contextmanager
def endpoint(behave: Callable[[Handler, Request], None]) -> Iterator[Endpoint]:
    """Run one."""
    running = Endpoint("", behave)
    handler = type("Bound", (Handler,), {"endpoint": running})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        running.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield running
        finally:
            running.released.set()
            server.shutdown()
            thread.join()


def closed_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
