"""The contract of all sources for those whose graphs are exported, which takes a second each."""

from typing import Any

import pytest
import torch

from daogou.features import Interactions
from daogou.retrieval.sources import Source
from tests.retrieval.source_contract import SourceContract


class NeuralContract(SourceContract):
    """``model`` makes a source of purchases."""

    exported = True
    tolerance = 1e-4

    @classmethod
    def model(cls, data: Interactions, **over: Any) -> Source:
        raise NotImplementedError

    @classmethod
    def fit(cls, data: Interactions) -> Source:
        return cls.model(data)

    @classmethod
    def fit_little(cls, data: Interactions) -> Source:
        return cls.model(data, epochs=1)

    @pytest.fixture
    def in_process(self, in_torch: None) -> None:
        del in_torch

    @pytest.mark.usefixtures("in_process")
    def test_the_callers_draws_stay_theirs(self) -> None:
        torch.manual_seed(99)
        before = torch.random.get_rng_state()
        self.fit_little(self.taught())
        assert torch.equal(before, torch.random.get_rng_state())
