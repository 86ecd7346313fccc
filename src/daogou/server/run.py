"""Run an application until it is told to stop."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from daogou.errors import ConfigError
from daogou.server.config import ServerConfig
from daogou.server.logs import set_up_logs


def listen(config: ServerConfig) -> socket.socket:
    """Take ``config.host`` and ``config.port``, so that nobody else can; connections wait.

    Raises
    ------
    ConfigError
        The port is in use or not allowed, or the host is not one of this machine.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            config.host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.create_server(address[:2], family=family, backlog=2048)
    except OSError as error:
        other = config.port + 1 if config.port < 65535 else 8000
        why = str(error.strerror).partition(" (")[0]
        raise ConfigError(
            f"Cannot listen on {config.host} port {config.port}: {why}. Choose another port with"
            f" --port {other} or PORT=, another --host, or stop what is listening there."
        ) from error
    # asyncio does this only for sockets that name their protocol; without it each answer on
    # a connection that stays open waits some 40 ms for the client's acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def uvicorn_config(app: FastAPI, config: ServerConfig) -> uvicorn.Config:
    """How uvicorn is to serve ``app``: whom it believes, what it logs and how it ends."""
    return uvicorn.Config(
        app,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=list(config.trusted_proxies),
        log_config=None,
        timeout_graceful_shutdown=10,
    )


def serve(
    app: FastAPI,
    config: ServerConfig,
    *,
    listener: socket.socket | None = None,
    started: Callable[[str], None] | None = None,
) -> None:
    """Serve ``app`` over HTTP at ``config.host`` and ``config.port`` until SIGINT or SIGTERM.

    Requests under way are finished first, for ten seconds at most.

    Parameters
    ----------
    listener
        What :func:`listen` gave, if that was called before; it is closed at the end.
    started
        Called with the address (``"http://127.0.0.1:8000"``) once requests are answered;
        where ``config.port`` is 0 it has the port that the system chose.

    Raises
    ------
    ConfigError
        As :func:`listen`.
    """
    taken = listener or listen(config)
    set_up_logs(config.log)
    settings = uvicorn_config(app, config)
    port = taken.getsockname()[1]
    host = f"[{config.host}]" if ":" in config.host else config.host
    try:
        with _ended_in_order():
            _Server(settings, lambda: started(f"http://{host}:{port}") if started else None).run(
                [taken]
            )
    except KeyboardInterrupt:
        return  # raised again by uvicorn after it has closed everything in order


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """What is around is left in order on SIGTERM too, as on Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, tell: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = tell

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._tell()
