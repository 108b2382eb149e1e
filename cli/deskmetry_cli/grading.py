"""Grading: `grade` puts a connector through the rules of the fault kit and says how far to rely on it."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from deskmetry.errors import ExitCode, UnknownName

from .output import Format, FormatOption, OutputOption, Table, write
from .session import Session

if TYPE_CHECKING:
    from deskmetry.testing import Graded, Rule


class Least(StrEnum):
    """The grades, without loading the kit."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    PLATINUM = "platinum"


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(grade)


def grade(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The connector, as `deskmetry plugins` lists it.")],
    at_least: Annotated[
        Least | None, typer.Option("--at-least", help="Exit with 8 if the grade is lower.")
    ] = None,
    format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Grade a connector: bronze, silver, gold or platinum.

    It is put before a made-up helpdesk on this machine, where every fault is played: no network, no
    credentials. docs/grades.md has the rules, and how a connector of your own names its trial.
    """
    from deskmetry.testing import Grade, find_trial
    from deskmetry.testing import grade as put_through

    session: Session = context.obj
    known = session.registry.connectors()
    session.tell()
    if name not in known:
        raise UnknownName("connector", name, known)
    trial = find_trial(known[name])
    graded = put_through(name, trial, progress=_Told())
    write(_table(graded), format, output)
    if at_least is not None and not graded.is_at_least(Grade(at_least.value)):
        raise typer.Exit(int(ExitCode.CHECK_FAILED))


class _Told:
    """Tells on stderr which rule is tried: one line that is written anew on a terminal, nothing in a pipe."""

    def __call__(self, rule: Rule, number: int, count: int) -> None:
        """Tell of one rule."""
        if sys.stderr.isatty():
            end = "" if number < count else "\r\x1b[K"
            sys.stderr.write(f"\r\x1b[K{number}/{count} {rule.sentence[:70]}{end}")
            sys.stderr.flush()
        elif number == 1:
            sys.stderr.write(f"Trying {count} rules.\n")


def _table(graded: Graded) -> Table:
    from deskmetry.testing.grading import as_data

    whole = as_data(graded)
    shown = [
        [one["verdict"].upper() if one["verdict"] == "missed" else one["verdict"], one["grade"], one["rule"],
         one["reason"] or one["says"]]
        for one in whole["rules"]
    ]  # fmt: skip
    title = [f"{graded.connector}: {whole['grade'] or 'below bronze'}", _summary(graded)]
    return Table(
        ("verdict", "grade", "rule", "what is asked for, or what is to be done"),
        shown,
        whole["rules"],
        solid=frozenset({"verdict", "grade"}),
        title=title,
        notes=_next(graded),
        whole=whole,
    )


def _summary(graded: Graded) -> str:
    from deskmetry.testing import Verdict

    counts = [f"{len(graded.names(verdict))} {verdict.value}" for verdict in Verdict]
    return f"Rules: {', '.join(counts)}."


def _next(graded: Graded) -> list[str]:
    """Say what the next grade lacks."""
    from deskmetry.testing import Grade

    following = next((one for one in Grade if not graded.is_at_least(one)), None)
    if following is None:
        return []
    lacking = ", ".join(one.rule.name for one in graded.lacking(following))
    return [f"For {following.value}: {lacking}. docs/grades.md says more."]
