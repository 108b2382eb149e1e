"""The contract: a correct connector passes it, and its tests say in words what they ask for."""

from __future__ import annotations

import pytest

from deskmetry.testing import RULES, TrialFactory
from deskmetry.testing.contract import ConnectorContract, name_of_test
from helpers_contract import Correct, trial_of

CORRECT = trial_of(Correct)


class TestTheCorrectConnector(ConnectorContract):
    @pytest.fixture
    def trial(self) -> TrialFactory:
        return CORRECT


def test_the_contract_has_a_test_for_each_rule_whose_name_is_its_sentence() -> None:
    names = [name_of_test(rule) for rule in RULES]
    assert len(set(names)) == len(RULES)
    assert set(names) == {name for name in vars(ConnectorContract) if name.startswith("test_")}
    assert "test_the_first_read_brings_everything_there_is" in names
