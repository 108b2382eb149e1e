"""Connecting: `connect` asks for a source's settings, tries them, and writes them down."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deskmetry.errors import BadValue, UnknownName, UsageError

from .session import Session

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from deskmetry.connector import Connector


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
    given: Annotated[
        list[str] | None, typer.Option("--set", help="FIELD=VALUE, not to be asked; repeatable.")
    ] = None,
    secrets: Annotated[
        Keep, typer.Option("--secrets", help="Keep secrets in the keyring, or name a variable.")
    ] = Keep.KEYRING,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Try the settings before writing them.")
    ] = True,
) -> None:
    """Add a source: asks, tries, writes it down.

    Secrets never go into the configuration: the keyring keeps them, or an environment variable does.
    """
    from deskmetry.settings import build_source
    from deskmetry.settings.add import add_source, keep_secret
    from deskmetry.settings.model import SourceSettings

    session: Session = context.obj
    settings = session.settings
    file = settings.file
    if file is None or name in settings.sources:
        raise UsageError(
            f"There is a source {name!r} already.", f"Edit it in {file}, or choose another name."
        )
    cls = _choose(session, connector)
    values, hidden = _ask(name, cls, _given(name, cls, given or ()))
    # Tried from a scratch environment, so that nothing is kept anywhere before it is known to work.
    variables = {field: _variable(name, field) for field in hidden}
    places: dict[str, Any] = {field: {"env": variable} for field, variable in variables.items()}
    trial = replace(
        settings, sources={**settings.sources, name: SourceSettings(cls.name, {**values, **places})}
    )
    environ = {**os.environ, **{variables[field]: secret for field, secret in hidden.items()}}
    source = build_source(trial, name, {cls.name: cls}, environ=environ)
    try:
        if check:
            _say(f"Reached it: {source.check()}")
    finally:
        source.close()
    if secrets is Keep.KEYRING:
        places = {field: keep_secret(f"{name}.{field}", secret) for field, secret in hidden.items()}
    add_source(file, name, cls.name, {**values, **places})
    _say(f"Wrote [sources.{name}] into {file}.")
    if secrets is Keep.ENV:
        for field, variable in variables.items():
            if os.environ.get(variable) != hidden[field]:
                _say(f"Set the environment variable {variable} to the {field} before you sync.")
    _say(f"Next: `deskmetry sync {name}`.")


def _choose(session: Session, name: str | None) -> type[Connector]:
    known = session.registry.connectors()
    session.tell()
    if name is None:
        for key in sorted(known):
            _say(f"  {key:<12} {(known[key].__doc__ or '').strip().splitlines()[0]}")
        name = _prompt("Connector")
    if name not in known:
        raise UnknownName("connector", name, known)
    return known[name]


def _given(name: str, cls: type[Connector], pairs: Sequence[str]) -> dict[str, str]:
    from deskmetry.settings.secret import is_secret

    values: dict[str, str] = {}
    for pair in pairs:
        field, equals, value = pair.partition("=")
        if not equals:
            raise BadValue("setting", pair, "FIELD=VALUE.")
        if field not in cls.model_fields:
            raise UnknownName("setting", field, cls.model_fields)
        if is_secret(cls.model_fields[field].annotation):
            raise UsageError(
                f"The secret {field!r} must not stand on the command line, where others can read it.",
                f"Wait to be asked, pipe it in, or set {_variable(name, field)} and add --secrets env.",
            )
        values[field] = value
    return values


def _ask(name: str, cls: type[Connector], given: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the settings, and apart from them the secrets; asks for what wasn't given."""
    from deskmetry.settings.secret import is_secret

    values: dict[str, Any] = {}
    hidden: dict[str, str] = {}
    for field in _wanted(cls, given):
        info = cls.model_fields[field]
        secret = is_secret(info.annotation)
        text = os.environ.get(_variable(name, field)) if secret else given.get(field)
        if text is None:
            _say(f"{field}: {info.description}")
            text = _prompt(f"  {field}", secret=secret, optional=not info.is_required() and field == "start")
        if not text:
            continue
        if secret:
            hidden[field] = text
        else:
            values[field] = _value(info, text)
    return values, hidden


def _wanted(cls: type[Connector], given: Mapping[str, str]) -> Iterator[str]:
    """Yield what to ask for: what is required, one set of credentials, what was given, and how far back."""
    told: set[str] = set()
    for name in chain(_required(cls), _way(cls, given), given, ("start",)):
        if name not in told:
            told.add(name)
            yield name


def _required(cls: type[Connector]) -> list[str]:
    return [name for name, info in cls.model_fields.items() if info.is_required()]


def _way(cls: type[Connector], given: Mapping[str, str]) -> Iterator[str]:
    """Yield the settings of one way to authenticate: the one begun, the only one, or the chosen one."""
    begun = [ways for ways in cls.credentials if any(field in given for field in ways)]
    open_ = begun or list(cls.credentials)
    if len(open_) > 1:
        _say("It can be entered with:")
        for number, ways in enumerate(open_, 1):
            _say(f"  {number}  {' and '.join(ways)}")
        text = _prompt("Which")
        if not text.isdigit() or not 1 <= int(text) <= len(open_):
            raise BadValue("choice", text, f"a number from 1 to {len(open_)}.")
        open_ = [open_[int(text) - 1]]
    yield from (field for ways in open_ for field in ways)


def _value(info: FieldInfo, text: str) -> Any:
    """Return what to write in TOML for a typed answer: lists by commas, numbers as numbers."""
    from datetime import date

    annotation = str(info.annotation)
    if "list[" in annotation or "tuple[" in annotation:
        return [part.strip() for part in text.split(",") if part.strip()]
    if annotation.startswith(("<class 'int'", "int")):
        return int(text) if text.isdigit() else text
    if "datetime.date" in annotation:
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise BadValue("day", text, "a day as 2025-01-31.") from None
    return text


def _variable(name: str, field: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in f"{name}_{field}").upper()


def _prompt(text: str, *, secret: bool = False, optional: bool = False) -> str:
    """Ask on stderr; a secret isn't shown as it is typed. Without a terminal, a line of stdin answers."""
    if sys.stdin.isatty():
        default = "" if optional else None
        answer: str = typer.prompt(text, default=default, show_default=False, hide_input=secret, err=True)
        return answer.strip()
    sys.stderr.write(f"{text}: \n")
    line = sys.stdin.readline()
    if not line and not optional:
        raise UsageError(
            f"There is no answer to {text.strip()!r}.", "Give it with --set FIELD=VALUE, or on stdin."
        )
    return line.strip()


def _say(text: str) -> None:
    typer.echo(text, err=True)
