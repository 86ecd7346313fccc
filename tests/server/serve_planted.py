"""Serve a home in a process of its own: ``python serve_planted.py HOME [ORIGIN ...]``.

``DAOGOU_STORE`` names another database than the home's.
"""

import os
import sys
from pathlib import Path

from daogou.engine import Engine
from daogou.server import ServerConfig, create_app, serve
from daogou.store import Store


def main(home: Path, *origins: str) -> None:
    """Write the address into ``HOME/address`` once it is up."""
    config = ServerConfig(
        port=0,
        shop_name="Corner Market",
        messages_per_minute=0,
        shoppers=(
            "household-1=Cooks pasta every week=每周做意面的一家",
            "household-2=Breakfast at home=在家吃早餐的一家",
        ),
        origins=origins,
    )

    def tell(address: str) -> None:
        (home / "address").write_text(address)

    url = os.environ.get("DAOGOU_STORE") or f"sqlite:///{home / 'daogou.db'}"
    with (
        Store.open(url, create=False) as store,
        Engine.open(store, home / "bundles") as engine,
    ):
        serve(
            create_app(engine, store, config),
            config,
            started=tell,
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
