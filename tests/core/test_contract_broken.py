"""Seeded faults: every broken connector is found out by the rule that is named for it, and by no other."""

from __future__ import annotations

import pytest

from deskmetry.connector import Connector
from deskmetry.testing import RULES, Verdict, grade
from helpers_broken import BROKEN
from helpers_contract import trial_of


@pytest.mark.parametrize(("broken", "rule"), BROKEN.items(), ids=lambda one: getattr(one, "__name__", one))
def test_a_broken_connector_is_found_out_by_the_rule_named_for_it(broken: type[Connector], rule: str) -> None:
    graded = grade(broken.__name__, trial_of(broken))
    assert graded.names(Verdict.MISSED) == [rule]
    (finding,) = (one for one in graded.findings if one.verdict is Verdict.MISSED)
    assert len(finding.reason.split()) > 8, finding.reason


def test_enough_connectors_are_broken() -> None:
    assert len(BROKEN) >= 16
    assert set(BROKEN.values()) <= {rule.name for rule in RULES}
