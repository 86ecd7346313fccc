"""What the server can be told: the ``[server]`` section of ``daogou.toml``."""

import ipaddress
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

LANGUAGES: Final[tuple[str, ...]] = ("en", "zh")
"""What the storefront and the reasons are written in."""


@dataclass(frozen=True, slots=True)
class Shopper:
    """A visitor whom the storefront offers under "shop as".

    ``labels`` says who that is, by language.
    """

    visitor_id: str
    labels: dict[str, str]

    @classmethod
    def parse(cls, text: str) -> "Shopper":
        """Read ``"visitorId=English label=中文说明"``; the second label may be left out.

        Raises
        ------
        ValueError
            There is no visitor or no label.
        """
        visitor_id, *labels = (part.strip() for part in text.split("="))
        if not visitor_id or not 1 <= len(labels) <= len(LANGUAGES) or not all(labels):
            raise ValueError(
                f"shoppers has {text!r}; expected 'visitorId=English label=Chinese label',"
                " such as 'household-718=A family of five=五口之家'."
            )
        padded = labels + labels[:1] * (len(LANGUAGES) - len(labels))
        return cls(visitor_id, dict(zip(LANGUAGES, padded, strict=True)))


def _check_origin(origin: str) -> None:
    parts = urlsplit(origin)
    bare = origin == f"{parts.scheme}://{parts.netloc}".lower()
    web = parts.scheme in ("http", "https") and parts.hostname
    if not (bare and web) or {*"*@"} & {*origin}:
        raise ValueError(
            f"origins has {origin!r}; expected scheme and host, in lower case and without a path or"
            " '*', such as 'https://www.shop.example'."
        )


def _check_public(address: str) -> None:
    parts = urlsplit(address)
    bare = address == f"{parts.scheme}://{parts.netloc}{parts.path}" and "@" not in parts.netloc
    if not (bare and parts.scheme in ("http", "https") and parts.hostname) or address[-1] == "/":
        raise ValueError(
            f"public_url is {address!r}; expected an address without a slash or a query at its"
            " end, such as 'https://guide.shop.example'."
        )


def is_loopback(host: str) -> bool:
    """Whether this machine alone reaches an address or a name."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_proxy(proxy: str) -> None:
    try:
        network = ipaddress.ip_network(proxy)
    except ValueError as error:
        raise ValueError(
            f"trusted_proxies has {proxy!r} ({error}); expected an address or a network, such as"
            " '10.0.0.5' or '10.0.0.0/24'."
        ) from error
    if network.prefixlen == 0:
        raise ValueError(
            f"trusted_proxies has {proxy!r}, which is everybody: anyone could name any address as"
            " theirs. Name the addresses of your proxies."
        )


@dataclass(frozen=True)
class ServerConfig:
    """Settings of the server.

    Parameters
    ----------
    host, port
        Where it listens. The default is reachable from this machine alone.
    shop_name
        The name in the storefront's head.
    currency
        ISO 4217 code for products that came without one, as the storefront shows totals.
    language
        ``"en"`` or ``"zh"``: the storefront's language for a browser that speaks neither, and
        the language of answers to requests that name none.
    shoppers
        Visitors offered under "shop as", each ``"visitorId=English label=Chinese label"``. Whoever
        reaches the shop can see what they did.
    public
        Whether the shop's pages, and what shoppers do there, need no key once there are keys.
        Merchants' routes and ``/metrics`` always need one (docs/access.md).
    guessable_visitors
        Whether a caller with no more than the scope shopper is answered as any visitor. By default
        only as one whose id has a random UUID in it: whoever guesses another id would be told
        what that visitor did.
    trusted_proxies
        The proxies, addresses or networks, that are believed whose request they forward, and
        whether it came by HTTPS (``X-Forwarded-For``, ``X-Forwarded-Proto``).
    max_body_bytes
        A larger request body is refused with 413.
    max_items
        The most events or products that one request may carry.
    queue_events, queue_bytes
        How many events, and how many bytes of bodies with events, may wait to be written at once
        in a process; more are answered 429 until there is room.
    origins
        Other sites whose pages may embed the assistant, each as a browser names it:
        ``"https://www.shop.example"``. Without any, only pages of this server can use it.
    requests_per_minute
        How many requests one address, and one visitor, may send in a minute; 0 is no limit. Keys
        of merchants and keys with a limit of their own are not counted by address, and nobody is
        where no key is asked for.
    messages_per_minute
        How many messages one address, and one visitor, may send to the assistant in a minute; 0
        is no limit. Behind a trusted proxy the address is the one that the proxy tells.
    public_url
        Where the world reaches this server, without a slash at the end: what the UCP profile names.
        Empty takes the host name that each request came with.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    shop_name: str = "Daogou"
    currency: str = "USD"
    language: str = "en"
    shoppers: tuple[str, ...] = ()
    public: bool = True
    guessable_visitors: bool = False
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    max_body_bytes: int = 16 * 1024 * 1024
    max_items: int = 10_000
    requests_per_minute: int = 1200
    queue_events: int = 100_000
    queue_bytes: int = 64 * 1024 * 1024
    messages_per_minute: int = 120
    origins: tuple[str, ...] = ()
    public_url: str = ""
    shop_as: tuple[Shopper, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise ValueError(f"language is {self.language!r}; expected one of {LANGUAGES}.")
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port is {self.port}; expected 0 to 65535.")
        for name in ("max_body_bytes", "max_items", "queue_events"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected 1 or more.")
        if self.queue_bytes < self.max_body_bytes:
            raise ValueError(
                f"queue_bytes is {self.queue_bytes}; expected max_body_bytes"
                f" ({self.max_body_bytes}) or more, or some requests would never find room."
            )
        for origin in self.origins:
            _check_origin(origin)
        if self.public_url:
            _check_public(self.public_url)
        for proxy in self.trusted_proxies:
            _check_proxy(proxy)
        for name in ("requests_per_minute", "messages_per_minute"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; expected 0 or more.")
        object.__setattr__(self, "shop_as", tuple(Shopper.parse(text) for text in self.shoppers))
