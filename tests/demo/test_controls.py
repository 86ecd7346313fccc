from daogou.demo import demo_controls
from daogou.merchandising import ControlSet, OnewaySynonymsAction, TwowaySynonymsAction
from daogou.text import tokenize


def meant(query: str) -> list[str]:
    found = ControlSet(demo_controls()).compile(query, tokenize(query), 0.0)
    return [" ".join(phrase) for e in found.expansions for phrase in e.alternatives]


def test_every_line_is_a_control() -> None:
    controls = list(demo_controls())
    assert len({control.id for control in controls}) == len(controls) > 50
    for control in controls:
        assert isinstance(control.action, OnewaySynonymsAction | TwowaySynonymsAction)


def test_shoppers_words_find_the_shops() -> None:
    assert meant("coke") == ["soft drink"]
    assert meant("可乐") == [" ".join(tokenize("软饮料"))]
    assert meant("soft drink") == []
    assert meant("mayonnaise") == ["mayo"]
    assert meant("milk") == []
