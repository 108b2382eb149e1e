"""The contract: a correct connector passes it, and its tests say in words what they ask for."""

from __future__ import annotations

import pytest

from deskmetry.testing import RULES, TrialFactory
from deskmetry.testing.bench import Bench
from deskmetry.testing.contract import ConnectorContract, name_of_test
from helpers_contract import Correct, trial_of
from helpers_contract_ours import NO_SESSIONS, OurContract

CORRECT = trial_of(Correct)
EXEMPT = next(rule for rule in RULES if rule.name in NO_SESSIONS)


class TestTheCorrectConnector(OurContract, exempt=NO_SESSIONS):
    @pytest.fixture
    def trial(self) -> TrialFactory:
        return CORRECT


def test_the_contract_has_a_test_for_each_rule_whose_name_is_its_sentence() -> None:
    names = [name_of_test(rule) for rule in RULES]
    assert len(set(names)) == len(RULES)
    assert set(names) == {name for name in vars(ConnectorContract) if name.startswith("test_")}
    assert "test_the_first_read_brings_everything_there_is" in names


def test_a_rule_that_cannot_apply_is_skipped_with_its_reason() -> None:
    with pytest.raises(pytest.skip.Exception, match="exempt: it reads no chats or calls"):
        getattr(ConnectorContract(), name_of_test(EXEMPT))(Bench(CORRECT))


def test_our_own_connectors_skip_no_rule_that_is_not_named() -> None:
    class Unnamed(OurContract):
        pass

    with pytest.raises(pytest.fail.Exception, match=f"{EXEMPT.name} is no longer tested"):
        getattr(Unnamed(), name_of_test(EXEMPT))(Bench(CORRECT))


def test_our_own_connectors_leave_out_no_rule_that_applies() -> None:
    class TooFew(OurContract, exempt={"reads"}):
        pass

    with pytest.raises(pytest.fail.Exception, match="left out, though they apply: reads"):
        TooFew().test_only_rules_that_cannot_apply_are_left_out(Bench(CORRECT))
