"""Connecting: `connect` asks for a source's settings, tries them, and writes them down."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deskmetry.errors import ConfigurationError, SourceError, UnknownName, UsageError

from .questions import Answers, ask, check_source_name, given, prompt, say, variable
from .report import report
from .session import Session

if TYPE_CHECKING:
    from deskmetry.connector import Connector
    from deskmetry.settings import Settings

_ROUNDS = 5  # so often a person may correct what was refused


class Keep(StrEnum):
    """Where a secret is kept."""

    KEYRING = "keyring"
    ENV = "env"


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(connect)


def connect(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What to call the source, as shop-eu.")],
    connector: Annotated[
        str | None, typer.Option("--connector", help="Kind of helpdesk; asked if not given.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="FIELD=VALUE, not to be asked; repeatable.")
    ] = None,
    secrets: Annotated[
        Keep | None,
        typer.Option(
            "--secrets", help="Keep secrets in the keyring, or name a variable; the keyring if there is one."
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Try the settings before writing them.")
    ] = True,
) -> None:
    """Add a source: asks, tries, writes it down.

    Secrets never go into the configuration: the keyring keeps them, or an environment variable does.
    What is refused is told and asked again; nothing is written before it works.
    """
    session: Session = context.obj
    check_source_name(name)
    file = session.settings.file
    if file is None or name in session.settings.sources:
        raise UsageError(
            f"There is a source {name!r} already.", f"Edit it in {file}, or choose another name."
        )
    cls = _choose(session, connector)
    trial = _Trial(name, cls, session.settings, check)
    answers = _tried(trial, given(name, cls, settings or ()))
    _keep(file, trial, answers, secrets)
    say(f"Next: `deskmetry sync {name}`.")


@dataclass(frozen=True, slots=True)
class _Trial:
    """A source to be, tried before anything of it is written down."""

    name: str
    connector: type[Connector]
    settings: Settings
    check: bool

    def variables(self, answers: Answers) -> dict[str, str]:
        return {key: variable(self.name, key) for key in answers.hidden}

    def go(self, answers: Answers) -> None:
        """Make the source and reach it; raises what keeps it from working."""
        from deskmetry.settings import build_source
        from deskmetry.settings.model import SourceSettings
        from deskmetry.sync.cleanser import checked

        # From a scratch environment, so that nothing is kept anywhere before it is known to work.
        variables = self.variables(answers)
        places: dict[str, Any] = {key: {"env": name} for key, name in variables.items()}
        sources = {
            **self.settings.sources,
            self.name: SourceSettings(self.connector.name, {**answers.values, **places}),
        }
        environ = {**os.environ, **{variables[key]: secret for key, secret in answers.hidden.items()}}
        known = {self.connector.name: self.connector}
        source = build_source(replace(self.settings, sources=sources), self.name, known, environ=environ)
        try:
            if self.check:
                say(f"Reached it: {checked(source)}")
        finally:
            source.close()


def _tried(trial: _Trial, told: Mapping[str, str]) -> Answers:
    """Ask until what was answered works; a pipe is asked once."""
    answers = Answers()
    for rounds_left in reversed(range(_ROUNDS)):
        answers = ask(trial.name, trial.connector, told, answers)
        try:
            trial.go(answers)
        except (ConfigurationError, SourceError) as error:
            if not sys.stdin.isatty() or not rounds_left:
                raise
            report(error, as_json=False)
            say("\nOnce more: Enter keeps what you gave, Ctrl-C gives up.")
        else:
            break
    return answers


def _keep(file: Path, trial: _Trial, answers: Answers, where: Keep | None) -> None:
    """Put the secrets away and write the source down; what is left to do is said last."""
    from deskmetry.settings.add import add_source, keep_secret

    variables = trial.variables(answers)
    places: dict[str, Any] = {key: {"env": name} for key, name in variables.items()}
    if where is not Keep.ENV:
        try:
            places = {
                key: keep_secret(f"{trial.name}.{key}", secret) for key, secret in answers.hidden.items()
            }
        except ConfigurationError as error:
            if where is Keep.KEYRING:
                raise
            say(f"{error.message} The environment keeps the secret instead.")
    add_source(file, trial.name, trial.connector.name, {**answers.values, **places})
    say(f"Wrote [sources.{trial.name}] into {file}.")
    for key, name in variables.items():
        if "env" in places[key] and os.environ.get(name) != answers.hidden[key]:
            say(f"Set the environment variable {name} to the {key} before you sync.")


def _choose(session: Session, name: str | None) -> type[Connector]:
    known = session.registry.connectors()
    session.tell()
    if name is None:
        for key in sorted(known):
            say(f"  {key:<12} {(known[key].__doc__ or '').strip().splitlines()[0]}")
        name = prompt("Connector")
    if name not in known:
        raise UnknownName("connector", name, known)
    return known[name]
