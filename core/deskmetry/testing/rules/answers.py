"""Answers: what a connector must make of servers that fail, throttle, lie and stand still."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...sync import Outcome, SyncReport
from ..bench import Bench, Scene, reason
from ..dump import differences, missing
from ..rule import Broken, Grade, NotApplicable, rule

if TYPE_CHECKING:
    from ..faults import Fault, Play

_WHOLE = ("first_read_is_whole",)
_TOLD = (*_WHOLE, "failures_are_told")
_CLIENT = (
    "Ask through `self.http` only, which retries, waits and looks at every answer; catch none of its errors."
)


def lists(bench: Bench, trial_items: Iterable[str]) -> dict[str, int]:
    """Return the paths that lists are read from, with how many requests an undisturbed read makes."""
    paths = bench.undisturbed.paths
    return {path: paths[path] for path in trial_items if paths[path]} or dict(paths)


def play(bench: Bench, scene: Scene, *faults: Fault, lasting: bool = False) -> list[Play]:
    """Have each list answered wrongly once it is under way: one fault a request, or the one for ever."""
    player, plays = scene.play(), []
    for path, count in lists(bench, scene.trial.items).items():
        for number, fault in enumerate(faults, min(count, 2)):
            plays.append(player.play(fault, on=number, times=None if lasting else 1, path=path))
    return plays


def _same(bench: Bench, scene: Scene, what: str) -> None:
    """Sync, which must go well and bring everything."""
    report = scene.sync()
    if report.sources[0].outcome is not Outcome.OK:
        raise Broken(f"{what} ended the sync: {reason(report.sources[0])}", _CLIENT)
    if told := differences(bench.undisturbed.dump, scene.dump()):
        raise Broken(f"{what} changed what was read: {told}", _CLIENT)


@rule(Grade.SILVER, "A server that keeps failing is told, never taken for the end", after=_WHOLE, http=True)
def failures_are_told(bench: Bench) -> None:
    """A sync that says ok and isn't is the worst there is."""
    from ..faults import ServerError

    with bench.scene() as scene:
        scene.play()
        targets = sorted(lists(bench, scene.trial.items).items(), key=lambda one: -one[1])[:4]
    for path, count in targets:
        with bench.scene() as scene:
            scene.play().play(ServerError(), on=min(count, 2), times=None, path=path)
            require_told(bench, scene, scene.sync(), f"{path} answered 500 from the second page on")


def require_told(bench: Bench, scene: Scene, report: SyncReport, what: str) -> None:
    """Raise Broken if a sync says ok although rows are missing."""
    if report.sources[0].outcome is Outcome.OK and (lacking := missing(bench.undisturbed.dump, scene.dump())):
        raise Broken(
            f"{what}, and the sync says ok without {'; '.join(lacking)}",
            "Let errors of `self.http` pass; the engine says what happened and goes on there next time.",
        )


@rule(Grade.SILVER, "5xx, resets and short bodies pass without loss", after=_TOLD, http=True)
def passing_faults_are_ridden_out(bench: Bench) -> None:
    """Everybody's server fails now and then, in the middle of a list."""
    from ..faults import Reset, ServerError, ShortBody

    for faults in ((ServerError(500), ServerError(502), Reset()), (ServerError(503), ShortBody())):
        with bench.scene() as scene:
            play(bench, scene, *faults)
            _same(bench, scene, "A fault that passes (5xx, a reset or a short body)")


@rule(
    Grade.SILVER,
    "A cut, empty or HTML answer with status 200 isn't taken for nothing",
    after=_TOLD,
    http=True,
)
def a_bad_answer_is_not_nothing(bench: Bench) -> None:
    """Proxies, login pages and broken-off scripts all say 200."""
    from ..faults import CutJson, EmptyBody, HtmlPage

    with bench.scene() as scene:
        play(bench, scene, CutJson(), HtmlPage(), EmptyBody())
        _same(bench, scene, "A cut, HTML and empty answer that pass")
    for fault in (HtmlPage(), CutJson()):
        with bench.scene() as scene:
            play(bench, scene, fault, lasting=True)
            require_told(
                bench, scene, scene.sync(), f"Every later page was {type(fault).__name__} with status 200"
            )


@rule(Grade.SILVER, "A 429 is waited out as long as it asks for", after=_TOLD, http=True)
def limits_are_obeyed(bench: Bench) -> None:
    """Whoever comes back too early is shut out for longer, with all other programs of the account."""
    from ..faults import RateLimited

    for fault in (RateLimited(after=7.0), RateLimited(after=7.0, form="date"), RateLimited(after=None)):
        with bench.scene() as scene:
            plays = play(bench, scene, fault)
            _same(bench, scene, "A 429")
            if any(one.played for one in plays) and scene.waited < 6.0:
                raise Broken(
                    f"A 429 that asks to wait was followed by another request after {scene.waited:.1f} s",
                    _CLIENT,
                )


@rule(
    Grade.GOLD,
    "A page that links to itself or comes again ends the stream with an error",
    after=(*_TOLD, "stopped_runs_go_on"),
    http=True,
)
def standing_still_is_told(bench: Bench) -> None:
    """Else a sync runs for ever, or ends early and says ok."""
    from ..faults import LinkToItself, RepeatedPage

    played = 0
    for fault in (LinkToItself(), RepeatedPage()):
        with bench.scene() as scene:
            plays = play(bench, scene, fault, lasting=True)
            require_told(bench, scene, scene.sync(), "A page led back to itself")
            played += sum(one.played for one in plays)
            scene.play().clear()
            _same(bench, scene, "A page that led back to itself in the run before")
    if not played:
        raise NotApplicable("no list of it has a second page")


EARLY = (
    failures_are_told, passing_faults_are_ridden_out, a_bad_answer_is_not_nothing, limits_are_obeyed,
)  # fmt: skip
LATE = (standing_still_is_told,)
