"""Grading: what rules add up to, what is exempt and why, and the page that lists them."""

from __future__ import annotations

from pathlib import Path

import pytest

from deskmetry.errors import ConfigurationError
from deskmetry.testing import CANARY, RULES, Broken, Grade, NotApplicable, Rule, Verdict, grade
from deskmetry.testing.bench import Bench
from deskmetry.testing.canary import forms, leaks
from deskmetry.testing.docs import COMMAND, grades
from deskmetry.testing.grading import Finding, Graded, as_data
from deskmetry.testing.trial import NoTrial, find_trial
from helpers_broken import AlwaysContent
from helpers_contract import Correct, Tickets, trial_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "grades.md"


def made(name: str, level: Grade, verdict: Verdict) -> Finding:
    return Finding(Rule(name, f"{name} holds", level, _nothing, ()), verdict, "")


def _nothing(bench: Bench) -> None:
    return


def all_met_but(**verdicts: Verdict) -> Graded:
    levels = {level.value: level for level in Grade}
    return Graded("x", [made(name, levels[name], verdicts.get(name, Verdict.MET)) for name in levels])


def test_the_grade_is_the_highest_below_the_first_one_that_lacks_something() -> None:
    assert all_met_but().grade is Grade.PLATINUM
    assert all_met_but(platinum=Verdict.MISSED).grade is Grade.GOLD
    assert all_met_but(silver=Verdict.MISSED).grade is Grade.BRONZE
    assert all_met_but(bronze=Verdict.MISSED).grade is None
    assert all_met_but(silver=Verdict.OPEN).grade is Grade.BRONZE
    assert all_met_but(silver=Verdict.EXEMPT).grade is Grade.PLATINUM


def test_at_least_compares_grades() -> None:
    gold = all_met_but(platinum=Verdict.MISSED)
    assert [gold.is_at_least(level) for level in Grade] == [True, True, True, False]
    assert not all_met_but(bronze=Verdict.MISSED).is_at_least(Grade.BRONZE)


def test_a_rule_is_open_while_one_that_it_builds_on_is_missed() -> None:
    def breaks(bench: Bench) -> None:
        raise Broken("It was seen", "Do otherwise.")

    first = Rule("first", "First holds", Grade.BRONZE, breaks)
    second = Rule("second", "Second holds", Grade.SILVER, _nothing, ("first",))
    third = Rule("third", "Third holds", Grade.SILVER, _nothing, ("second",))
    graded = grade("x", trial_of(Tickets), rules=(first, second, third))
    assert [one.verdict for one in graded.findings] == [Verdict.MISSED, Verdict.OPEN, Verdict.OPEN]
    assert graded.findings[0].reason == "It was seen. Do otherwise."
    assert "first" in graded.findings[1].reason


def test_what_a_connector_raises_is_a_missed_rule_and_not_the_end() -> None:
    def raises(bench: Bench) -> None:
        raise ZeroDivisionError("oh")

    def passes(bench: Bench) -> None:
        raise NotApplicable("there is nothing to try")

    rules = (Rule("one", "One", Grade.BRONZE, raises), Rule("two", "Two", Grade.BRONZE, passes))
    graded = grade("x", trial_of(Tickets), rules=rules)
    assert [one.verdict for one in graded.findings] == [Verdict.MISSED, Verdict.EXEMPT]
    assert "ZeroDivisionError: oh" in graded.findings[0].reason
    assert graded.findings[1].reason == "there is nothing to try"


def test_an_exemption_needs_a_rule_and_a_reason() -> None:
    (rule,) = (rule for rule in RULES if rule.name == "check_tells_bad_credentials")
    why = "this API has no credentials at all"
    exempt = grade("x", trial_of(AlwaysContent, exempt={rule.name: why}), rules=(rule,))
    assert [(one.verdict, one.reason) for one in exempt.findings] == [(Verdict.EXEMPT, why)]
    with pytest.raises(ConfigurationError, match="without a reason"):
        grade("x", trial_of(Tickets, exempt={rule.name: "no"}))
    with pytest.raises(ConfigurationError, match="no rule"):
        grade("x", trial_of(Tickets, exempt={"be_nice": "it is nice enough already"}))


def test_the_data_of_a_graded_connector_says_what_each_rule_came_to() -> None:
    data = as_data(all_met_but(gold=Verdict.MISSED))
    assert (data["connector"], data["grade"]) == ("x", "silver")
    assert [one["verdict"] for one in data["rules"]] == ["met", "met", "missed", "met"]


def test_a_connector_without_a_trial_is_told_how_to_write_one() -> None:
    with pytest.raises(NoTrial, match=r"names no trial.*docs/grades\.md"):
        find_trial(Correct)

    class Lost(Tickets):
        trial = "nowhere_at_all:trial"

    with pytest.raises(NoTrial, match="nowhere_at_all"):
        find_trial(Lost)


def test_a_rule_comes_after_those_that_it_builds_on() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    for number, rule in enumerate(RULES):
        assert set(rule.after) <= set(names[:number]), rule.name


def test_every_rule_says_why_it_is_there() -> None:
    assert [rule.name for rule in RULES if len(rule.why.split()) < 5 or rule.why[-1] != "."] == []
    assert {rule.grade for rule in RULES} == set(Grade)


def test_the_page_of_the_grades_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == grades(), f"run: {COMMAND}"


@pytest.mark.parametrize("before", ["", "a", "ab", "jane@x.example/token:"])
def test_a_secret_is_known_again_in_every_form(before: str) -> None:
    import base64
    from urllib.parse import quote

    packed = base64.b64encode(f"{before}{CANARY} and more".encode())
    places: list[tuple[str, str | bytes]] = [
        ("plain", f"x{CANARY}y"),
        ("url", quote(CANARY, safe="")),
        ("base64", packed),
        ("no", "canary"),
    ]
    assert list(leaks(places, [CANARY])) == ["plain", "url", "base64"]
    assert all(len(form) > 20 for form in forms(CANARY))
