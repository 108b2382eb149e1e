"""Scaffold: `new connector`, a package that passes the contract as it stands, to be made one's own."""

from __future__ import annotations

import keyword
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deskmetry.errors import BadValue, UsageError

from .session import Session

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_SUFFIX = ".tmpl"


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this group."""
    new = typer.Typer(help="Begin a plugin of your own.", no_args_is_help=True, rich_markup_mode=None)
    new.callback()(_new)
    new.command("connector")(new_connector)
    app.add_typer(new, name="new")


def _new() -> None:
    """Begin a plugin of your own."""


def new_connector(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What to call it, as in a configuration: acmedesk.")],
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Where to write it; a folder of its name if not given.")
    ] = None,
) -> None:
    """Write the package of a new connector, with tests that pass.

    docs/first_connector.md leads from there to one that reads a real API.
    """
    from importlib.resources import files

    session: Session = context.obj
    if not re.fullmatch("[a-z][a-z0-9]*([_-][a-z0-9]+)*", name) or keyword.iskeyword(name):
        raise BadValue("name for a connector", name, "a-z, 0-9 and -, beginning with a letter")
    if name in session.registry.connectors():
        raise UsageError(
            f"There is a connector {name!r} already.",
            "Choose another name: the one that came first would hide yours.",
        )
    place = folder or Path(name)
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise UsageError(f"{place} is there already.", "Choose another one with --folder.")
    words = re.split("[_-]", name)
    values = {
        "name": name,
        "package": f"deskmetry_{'_'.join(words)}",
        "cls": "".join(word.capitalize() for word in words),
        "title": " ".join(word.capitalize() for word in words),
    }
    for path in _written(files("deskmetry_cli") / "templates" / "connector", place, values):
        typer.echo(f"  {path}", err=True)
    typer.echo(
        f"Wrote a connector that passes the contract against an API that doesn't exist. Next:\n"
        f"  cd {place}\n  pip install -e '.[dev]' && pytest && deskmetry grade {name}\n"
        "docs/first_connector.md shows how to put your helpdesk's API in.",
        err=True,
    )


def _written(template: Traversable, place: Path, values: dict[str, str]) -> list[Path]:
    """Write a folder of templates and return the files, in order."""
    from string import Template

    place.mkdir(parents=True, exist_ok=True)
    made: list[Path] = []
    for entry in sorted(template.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            name = values["package"] if entry.name == "package" else entry.name
            made += _written(entry, place / name, values)
        elif entry.name.endswith(_SUFFIX):
            path = place / entry.name.removesuffix(_SUFFIX)
            path.write_text(Template(entry.read_text(encoding="utf-8")).substitute(values), encoding="utf-8")
            made.append(path)
    return made
