"""Questions: what `connect` asks for, field by field, with what the connector says about each."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

import typer

from deskmetry.errors import BadValue, UnknownName, UsageError

from .text import plain

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from deskmetry.connector import Connector


@dataclass
class Answers:
    """What was answered: settings, and apart from them the secrets. Asked again, they are the defaults."""

    values: dict[str, Any] = field(default_factory=dict)
    hidden: dict[str, str] = field(default_factory=dict)
    way: str = ""


def check_source_name(name: str) -> None:
    """Raise BadValue for what can't be the name of a source."""
    if not re.fullmatch("[a-z0-9][a-z0-9_-]*", name):
        raise BadValue("name for a source", name, "a-z, 0-9, - and _, beginning with a letter or digit")


def given(name: str, cls: type[Connector], pairs: Sequence[str]) -> dict[str, str]:
    """Return the settings of `--set FIELD=VALUE`; UsageError for a secret, which others could read there."""
    from deskmetry.settings.secret import is_secret

    values: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise BadValue("setting", pair, "FIELD=VALUE.")
        if key not in cls.model_fields:
            raise UnknownName("setting", key, cls.model_fields)
        if is_secret(cls.model_fields[key].annotation):
            raise UsageError(
                f"The secret {key!r} must not stand on the command line, where others can read it.",
                f"Wait to be asked, pipe it in, or set {variable(name, key)} and add --secrets env.",
            )
        values[key] = value
    return values


def ask(name: str, cls: type[Connector], told: Mapping[str, str], before: Answers) -> Answers:
    """Ask for what wasn't told; what was answered before is offered again."""
    from deskmetry.settings.secret import is_secret

    answers = Answers()
    for key in _wanted(cls, told, before, answers):
        info = cls.model_fields[key]
        if is_secret(info.annotation):
            known = before.hidden.get(key)
            # What the environment holds is taken unasked, once: if that was refused, another one is wanted.
            text = None if known else os.environ.get(variable(name, key))
            text = text or _asked(key, info, known, secret=True, needed=key not in spare_secrets(cls))
            if text:
                answers.hidden[key] = text
        elif key in told:
            answers.values[key] = value(info, told[key])
        elif (answer := _typed(key, info, before.values.get(key))) != "":
            answers.values[key] = answer
    return answers


def value(info: FieldInfo, text: str) -> Any:
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


def variable(name: str, key: str) -> str:
    """Return the environment variable that a secret of a source is looked for in."""
    return "".join(c if c.isalnum() else "_" for c in f"{name}_{key}").upper()


def prompt(text: str, *, secret: bool = False, default: str | None = None) -> str:
    """Ask on stderr; a secret isn't shown as it is typed. Without a terminal, a line of stdin answers."""
    if sys.stdin.isatty():
        answer: str = typer.prompt(
            text, default=default, show_default=bool(default) and not secret, hide_input=secret, err=True
        )
        return answer.strip()
    sys.stderr.write(f"{text}: \n")
    line = sys.stdin.readline()
    if not line and default is None:
        raise UsageError(
            f"There is no answer to {text.strip()!r}.", "Give it with --set FIELD=VALUE, or on stdin."
        )
    return line.strip() or default or ""


def say(text: str) -> None:
    """Tell people something."""
    typer.echo("\n".join(plain(line) for line in text.split("\n")), err=True)


def _typed(key: str, info: FieldInfo, before: Any) -> Any:
    """Ask until the answer is one of the right type; a pipe is asked once."""
    shown = ", ".join(before) if isinstance(before, list) else None if before is None else str(before)
    while True:
        text = _asked(key, info, shown)
        if not text:
            return ""
        try:
            return value(info, text)
        except BadValue as error:
            if not sys.stdin.isatty():
                raise
            say(f"  {error}")


def _asked(
    key: str, info: FieldInfo, before: str | None, *, secret: bool = False, needed: bool = False
) -> str:
    needed = needed or info.is_required()
    say(f"{key}: {info.description}{'' if needed else ' (Enter for none)'}")
    optional = None if needed else ""
    kept = " (Enter keeps it)" if secret and before else ""
    return prompt(f"  {key}{kept}", secret=secret, default=before or optional)


def _wanted(
    cls: type[Connector], told: Mapping[str, str], before: Answers, answers: Answers
) -> Iterator[str]:
    """Yield what to ask for: what is required, credentials, what was told, and how far back."""
    seen: set[str] = set()
    way = chain(_way(cls, told, before, answers), spare_secrets(cls))
    for name in chain(_required(cls), way, told, ("start",)):
        if name not in seen:
            seen.add(name)
            yield name


def _required(cls: type[Connector]) -> list[str]:
    """Return what must be given, the connector's own settings before those of a base class."""
    names = [name for name, info in cls.model_fields.items() if info.is_required()]
    return sorted(names, key=lambda name: name not in vars(cls).get("__annotations__", {}))


def spare_secrets(cls: type[Connector]) -> list[str]:
    """Return the secrets that one may have besides those that open the account: asked for, but not needed."""
    from deskmetry.settings.secret import is_secret

    ways = {name for way in cls.credentials for name in way}
    fields = cls.model_fields.items()
    return [
        name
        for name, info in fields
        if is_secret(info.annotation) and not info.is_required() and name not in ways
    ]


def _way(cls: type[Connector], told: Mapping[str, str], before: Answers, answers: Answers) -> Iterator[str]:
    """Yield the settings of one way to authenticate: the one begun, the only one, or the chosen one."""
    begun = [ways for ways in cls.credentials if any(field in told for field in ways)]
    open_ = begun or list(cls.credentials)
    if len(open_) > 1:
        say("It can be entered with:")
        for number, ways in enumerate(open_, 1):
            say(f"  {number}  {' and '.join(ways)}")
        answers.way = _choice(len(open_), before.way)
        open_ = [open_[int(answers.way) - 1]]
    yield from (field for ways in open_ for field in ways)


def _choice(count: int, before: str) -> str:
    while True:
        text = prompt("Which", default=before or None)
        if text.isdigit() and 1 <= int(text) <= count:
            return text
        error = BadValue("choice", text, f"a number from 1 to {count}.")
        if not sys.stdin.isatty():
            raise error
        say(f"  {error}")
