"""Numbers from papers on the same split, ranked against all items without those in the history.

They stand in the table for reading beside ours; nothing is computed from them. Beauty, Sports and
Toys: the full-ranking table of the S3-Rec authors, TIGER (Rajput et al., NeurIPS 2023), ActionPiece
(Hou et al., ICML 2025). Popularity reaches .0152 if the test's own items are counted as well, .0135
with the validation's, .0115 with neither, as here.
"""

from collections.abc import Mapping
from typing import Final

from daogou.cli.results import Row

PREFIX: Final = "published: "
_NUMBERS: Final[Mapping[str, Mapping[str, Mapping[str, float]]]] = {
    "Beauty": {
        "popularity": {"hr@10": 0.0152, "ndcg@10": 0.0068},
        "GRU4Rec": {"hr@10": 0.0283, "ndcg@10": 0.0137},
        "SASRec": {"hr@10": 0.0605, "ndcg@10": 0.0318},
        "S3-Rec": {"hr@10": 0.0647, "ndcg@10": 0.0327},
        "TIGER": {"hr@10": 0.0648, "ndcg@10": 0.0384},
        "ActionPiece": {"ndcg@10": 0.0424},
    },
    "Sports_and_Outdoors": {"SASRec": {"hr@10": 0.0350, "ndcg@10": 0.0192}},
    "Toys_and_Games": {"SASRec": {"hr@10": 0.0675, "ndcg@10": 0.0374}},
}


def published(dataset: str) -> list[Row]:
    """What is published of a set, known by its name."""
    return [
        {"name": f"{PREFIX}{name}", "dataset": dataset, **numbers}
        for name, numbers in _NUMBERS.get(dataset, {}).items()
    ]
