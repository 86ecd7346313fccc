"""Serve a database in a process of its own: ``python serve_planted.py HOME PORT``."""

import sys
from pathlib import Path

from daogou.engine import Engine
from daogou.server import ServerConfig, create_app, serve
from daogou.store import Store


def main(home: Path, port: int) -> None:
    config = ServerConfig(
        port=port,
        shop_name="Corner Market",
        shoppers=(
            "household-1=Cooks pasta every week=每周做意面的一家",
            "household-2=Breakfast at home=在家吃早餐的一家",
        ),
    )
    with Store.open(f"sqlite:///{home / 'daogou.db'}", create=False) as store:
        serve(create_app(Engine(store), store, config), config)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
