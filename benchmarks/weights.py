"""What each weighting of the model's heads gives in search: ``python -m benchmarks.weights``.

Queries are derived from the baskets of the newest days, which no weight of the model was
fitted to. Beside what was bought after a query stands how well the page still answers it.
"""

import argparse
import itertools
from pathlib import Path

from daogou.bundle import Bundle
from daogou.encoders import EncoderConfig, open_text_encoder
from daogou.store import Store
from daogou.training.config import TrainingConfig
from daogou.training.weighing import weigh_heads

NEXT = (0.0, 0.1, 0.2, 0.35, 0.5, 1.0)
PURCHASE = (0.0, 0.1, 0.2, 0.4)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=Path(".demo"), help="a trained shop")
    parser.add_argument("--queries", type=int, default=2000)
    given = parser.parse_args()
    bundle = Bundle.current(given.home / "bundles")
    if bundle is None:
        raise SystemExit(f"{given.home} has no bundle. Run `daogou train --home {given.home}`.")
    weightings = [
        {"relevance": 1.0, "next": n, "purchase": p} for n, p in itertools.product(NEXT, PURCHASE)
    ]
    weightings += [{"next": 1.0}, {"purchase": 1.0}]
    encoder = open_text_encoder(EncoderConfig(), given.home / "cache")
    with Store.open(f"sqlite:///{given.home / 'daogou.db'}", create=False) as store:
        rows = weigh_heads(
            store, bundle, encoder, TrainingConfig(), weightings, count=given.queries
        )
    print(f"{rows[0].queries} queries; NDCG@10")
    print("relevance  next  purchase   bought   graded")
    for row in rows:
        told = (row.weights.get(head, 0.0) for head in ("relevance", "next", "purchase"))
        print("{:9.2f} {:5.2f} {:9.2f}".format(*told), f"{row.bought:8.4f} {row.graded:8.4f}")


if __name__ == "__main__":
    main()
