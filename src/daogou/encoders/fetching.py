"""Products' pictures from the web into a folder: bounded in size and time, and never next door.

Products come over the network, so an address in one may be anybody's: a server that says
nothing, that never ends, or one that only this machine can reach. An address is looked up once,
checked, and the connection goes to what was checked.
"""

import http.client
import ipaddress
import os
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from daogou.encoders.base import Progress
from daogou.encoders.pictures import MAX_BYTES, check_picture
from daogou.encoders.product_images import fetched_name
from daogou.errors import EncoderError

AT_ONCE: Final = 8
REDIRECTS: Final = 3
WHOLE: Final = 3.0
"""A picture may take so many times the seconds that a server may say nothing."""
_CHUNK: Final = 1 << 16
_AGENT: Final = "daogou"
_PRINTABLE: Final = "/:?#[]@!$&'()*+,;=%-._~"


@dataclass(frozen=True, slots=True)
class FetchReport:
    """What became of addresses.

    Attributes
    ----------
    addresses
        How many distinct ones there are.
    fetched, kept
        How many were fetched now, and how many were there already.
    faults
        Address to what is wrong with it.
    """

    addresses: int
    fetched: int
    kept: int
    faults: Mapping[str, str] = field(default_factory=dict)


def fetch_pictures(
    addresses: Collection[str],
    folder: Path,
    *,
    timeout: float = 10.0,
    private: bool = False,
    again: bool = False,
    progress: Progress | None = None,
) -> FetchReport:
    """Fetch what ``folder`` does not have yet; a bad address costs only itself.

    Parameters
    ----------
    addresses
        ``http`` and ``https``; one without a scheme (``//cdn.example/1.jpg``) is ``https``.
    folder
        Made if it is not there. A file appears in it whole or not at all.
    timeout
        Seconds that a server may say nothing; three times as long for a whole picture.
    private
        Whether addresses of private networks are fetched from too.
    again
        Whether what is there is fetched anew.
    progress
        Counts addresses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    distinct = list(dict.fromkeys(addresses))
    wanted = [a for a in distinct if again or not (folder / fetched_name(a)).is_file()]
    kept = len(distinct) - len(wanted)
    faults: dict[str, str] = {}
    get = partial(_into, folder=folder, timeout=timeout, private=private)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done, (address, fault) in enumerate(zip(wanted, pool.map(get, wanted), strict=True), 1):
            if fault:
                faults[address] = fault
            if progress:
                progress(kept + done, len(distinct))
    return FetchReport(len(distinct), len(wanted) - len(faults), kept, faults)


def _into(address: str, *, folder: Path, timeout: float, private: bool) -> str:
    """Fetch one picture; the reason where it cannot be had, else the empty string."""
    try:
        content = fetch(address, timeout=timeout, private=private)
        check_picture(content)
    except EncoderError as error:
        return str(error)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".fetching-", delete=False) as file:
        file.write(content)
    os.replace(file.name, folder / fetched_name(address))
    return ""


def fetch(address: str, *, timeout: float = 10.0, private: bool = False) -> bytes:
    """What an address holds.

    Raises
    ------
    EncoderError
        It is no web address, of a private network, does not answer in time, answers with
        something else than 200, redirects more than :data:`REDIRECTS` times, or is larger than
        :data:`~daogou.encoders.pictures.MAX_BYTES`.
    """
    until = time.monotonic() + WHOLE * timeout
    if address.startswith("//"):
        address = f"https:{address}"
    try:
        for _ in range(REDIRECTS + 1):
            parts = _checked(address)
            connection = _connection(parts, timeout, private=private)
            with closing(connection), _ended(connection, until):
                connection.request("GET", _path(parts), headers={"User-Agent": _AGENT})
                answer = connection.getresponse()
                moved = answer.getheader("Location")
                if answer.status not in _MOVED or not moved:
                    read = _body(answer)
                    if time.monotonic() > until:  # hung up on, which looks like an end
                        raise EncoderError(_late(timeout))
                    return read
            address = urljoin(address, moved)
    except EncoderError:
        raise
    except Exception as error:
        if time.monotonic() > until:
            raise EncoderError(_late(timeout)) from error
        raise _fault(error, timeout) from error
    raise EncoderError(f"redirects more than {REDIRECTS} times")


def _late(timeout: float) -> str:
    return f"does not come whole within {WHOLE * timeout:g} seconds"


def _fault(error: Exception, timeout: float) -> Exception:
    """What to say of a failure; what is none of the network's stays what it is."""
    if isinstance(error, ssl.SSLError):
        return EncoderError(f"cannot be trusted ({error.reason or error})")
    if isinstance(error, TimeoutError):
        return EncoderError(f"does not answer within {timeout:g} seconds")
    if isinstance(error, OSError | http.client.HTTPException | ValueError):
        return EncoderError(f"cannot be fetched ({error or type(error).__name__})")
    return error


@contextmanager
def _ended(connection: http.client.HTTPConnection, until: float) -> Iterator[None]:
    """Whatever a server sends, a byte at a time: at this moment it is hung up on."""

    def hang_up() -> None:
        with suppress(OSError):
            if connection.sock is not None:
                connection.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(until - time.monotonic(), 0), hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


_MOVED: Final = frozenset(
    (
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.SEE_OTHER,
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    )
)


def _checked(address: str) -> SplitResult:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise EncoderError("is no address that can be fetched; expected https:// or http://")
    if parts.username is not None:
        raise EncoderError("has a user name in it, which is not sent; leave it out")
    return parts


def _path(parts: SplitResult) -> str:
    return quote(parts._replace(scheme="", netloc="", fragment="").geturl() or "/", _PRINTABLE)


def _connection(parts: SplitResult, timeout: float, *, private: bool) -> http.client.HTTPConnection:
    """A connection to an address of the host that was checked."""
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    name = host if host.isascii() else host.encode("idna").decode()
    taken = socket.create_connection((next(_addresses(name, port, private=private)), port), timeout)
    connection = http.client.HTTPConnection(name, port, timeout=timeout)
    connection.sock = taken
    if secure:
        connection.default_port = 443  # which the Host header leaves out
        connection.sock = ssl.create_default_context().wrap_socket(taken, server_hostname=name)
    return connection


def _addresses(host: str, port: int, *, private: bool) -> Iterator[str]:
    """The addresses of a host; without ``private`` all have to be of the public network."""
    try:
        found = {
            str(told[4][0]) for told in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        }
    except OSError as error:
        raise EncoderError(f"is of a host that is not known ({host})") from error
    for address in sorted(found):
        if not private and not _is_public(address):
            raise EncoderError(
                f"is of a private network ({address}); where that is meant, set"
                " [encoder] image_private = true"
            )
    yield from sorted(found, key=lambda address: ":" in address)


def _is_public(address: str) -> bool:
    """Whether anybody reaches it: not this machine, its network, or the cloud's own services."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    return ip.is_global and not ip.is_multicast and (inner is None or inner.is_global)


def _body(answer: http.client.HTTPResponse) -> bytes:
    if answer.status != HTTPStatus.OK:
        raise EncoderError(f"answers {answer.status} {answer.reason}"[:80].rstrip())
    read = bytearray()
    while chunk := answer.read1(_CHUNK):
        read += chunk
        if len(read) > MAX_BYTES:
            raise EncoderError(f"is larger than {MAX_BYTES >> 20} MB; save it smaller")
    length = answer.getheader("Content-Length")
    if length is not None and length.isdecimal() and len(read) < int(length):
        raise EncoderError(f"breaks off after {len(read):,} of {int(length):,} bytes")
    return bytes(read)
