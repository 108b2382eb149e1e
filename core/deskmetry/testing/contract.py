"""ConnectorContract: the rules as tests of pytest, for a connector's own test suite."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from .bench import Bench
from .grading import Verdict, check_exemptions, judge
from .rules import RULES, Rule
from .trial import TrialFactory


class ConnectorContract:
    """One test a rule, named after its sentence. Fill the fixture `trial`, and inherit::

    class TestAcmeDesk(ConnectorContract):
        @pytest.fixture
        def trial(self) -> TrialFactory:
            return acme_trial
    """

    @pytest.fixture
    def trial(self) -> TrialFactory:
        """Return the function that makes the trial."""
        pytest.fail("Override the fixture `trial`: it returns the function that makes the connector's trial.")

    @pytest.fixture
    def bench(self, trial: TrialFactory, request: pytest.FixtureRequest) -> Bench:
        """Return what the rules work with; what a connector reads undisturbed is read once a class."""
        bench: Bench | None = vars(request.cls).get("_bench")
        if bench is None or bench.factory is not trial:
            bench = request.cls._bench = Bench(trial)
            check_exemptions(bench.exempt)
        return bench


def _test_of(rule: Rule) -> Callable[[Any, Bench], None]:
    def test(_self: Any, bench: Bench) -> None:
        found = judge(rule, bench)
        if found.verdict is Verdict.EXEMPT:
            pytest.skip(f"exempt: {found.reason}")
        if found.verdict is not Verdict.MET:
            pytest.fail(f"{rule.sentence}: {found.reason}", pytrace=False)

    test.__doc__ = rule.why
    return test


def name_of_test(rule: Rule) -> str:
    """Return a rule's sentence as the name of a test."""
    return f"test_{re.sub(r'[^a-z0-9]+', '_', rule.sentence.lower()).strip('_')}"


for _rule in RULES:
    setattr(ConnectorContract, name_of_test(_rule), _test_of(_rule))
