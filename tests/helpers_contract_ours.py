"""OurContract: the contract for the connectors that ship, in which nothing is skipped in silence."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from typing import Any, ClassVar

import pytest

from deskmetry.testing import RULES
from deskmetry.testing.bench import Bench
from deskmetry.testing.contract import ConnectorContract, name_of_test
from deskmetry.testing.grading import Verdict, judge

NO_FAULTS_OF_HTTP = {rule.name for rule in RULES if rule.http} | {"check_tells_bad_credentials"}
"""Rules that need faults played before a server of HTTP."""
NO_DELETES = {"deletes_arrive"}
NO_SESSIONS = {"sessions_and_tickets_belong_together"}


class OurContract(ConnectorContract):
    """The contract, less the rules that can't apply: they are named with the class, and make no tests.

    A rule that turns out not to apply and isn't named fails, else a change of an emulator could take a
    promise out of the tests unseen; so does one that is named and would apply.
    """

    left_out: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, *, exempt: Collection[str] = ()) -> None:
        super().__init_subclass__()
        cls.left_out = frozenset(exempt)
        for rule in RULES:
            name = name_of_test(rule)
            test = None if rule.name in cls.left_out else _never_skipped(rule.name, getattr(cls, name))
            setattr(cls, name, test)

    def test_only_rules_that_cannot_apply_are_left_out(self, bench: Bench) -> None:
        assert self.left_out <= {rule.name for rule in RULES}
        named = [rule for rule in RULES if rule.name in self.left_out]
        if apply := [rule.name for rule in named if judge(rule, bench).verdict is not Verdict.EXEMPT]:
            pytest.fail(f"left out, though they apply: {', '.join(apply)}")


def _never_skipped(rule: str, test: Callable[[Any, Bench], None]) -> Callable[[Any, Bench], None]:
    @functools.wraps(test)
    def run(self: Any, bench: Bench) -> None:
        try:
            test(self, bench)
        except pytest.skip.Exception as skipped:
            pytest.fail(f"{rule} is no longer tested ({skipped}): mend that, or name it in `exempt`")

    return run
