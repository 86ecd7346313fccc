"""Settings of the server."""

import pytest

from daogou.config import fill
from daogou.errors import ConfigError
from daogou.server import ServerConfig, Shopper


def test_the_defaults_listen_to_this_machine_alone() -> None:
    config = ServerConfig()
    assert (config.host, config.port) == ("127.0.0.1", 8000)
    assert config.shop_as == ()


def test_from_a_table() -> None:
    table = {"port": 9000, "shoppers": ["h1=A family=一家", "h2=Students"]}
    config = fill(ServerConfig, table, "server")
    assert config.shop_as == (
        Shopper("h1", {"en": "A family", "zh": "一家"}),
        Shopper("h2", {"en": "Students", "zh": "Students"}),
    )


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"language": "fr"}, "language is 'fr'; expected one of"),
        ({"port": 70000}, "port is 70000"),
        ({"max_items": 0}, "max_items is 0; expected 1 or more"),
        ({"shoppers": ["h1"]}, "shoppers has 'h1'; expected 'visitorId=English label"),
        ({"shoppers": ["=x"]}, "shoppers has '=x'"),
        ({"prot": 1}, "Did you mean 'port'?"),
    ],
)
def test_what_is_wrong_is_named(table: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("(", r"\(")):
        fill(ServerConfig, table, "server")
