"""Reference: the page that lists every command with its arguments and options."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import typer

from .main import build_app

_HEAD = """\
# Commands

Every command with its arguments and options, as `deskmetry COMMAND --help` tells them. Written by
`python -m deskmetry_cli.reference > docs/commands.md`.
"""


def reference() -> str:
    """Return the page as Markdown, made from the commands themselves."""
    root: Any = typer.main.get_command(build_app())
    parts = [_HEAD, "## deskmetry\n", _table(root)]
    for name, command in _commands(root, ()):
        parts.append(f"## deskmetry {' '.join(name)}\n")
        parts.append("\n".join(line.strip() for line in (command.help or "").strip().splitlines()) + "\n")
        parts.append(_table(command))
    return "\n".join(parts)


def _commands(group: Any, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, (*above, name))
        else:
            yield (*above, name), command


def _table(command: Any) -> str:
    rows = ["| option | meaning | default |", "|---|---|---|"]
    for parameter in command.params:
        if parameter.name in ("install_completion", "show_completion", "help"):
            continue
        is_option = any(name.startswith("-") for name in parameter.opts)
        names = (
            ", ".join(f"`{name}`" for name in sorted(parameter.opts, key=len))
            if is_option
            else f"`{parameter.name.upper()}`"
        )
        help_text = (getattr(parameter, "help", None) or "").replace("|", "\\|")
        rows.append(f"| {names} | {help_text} | {_default(parameter.default)} |")
    return "\n".join(rows) + "\n" if len(rows) > 2 else ""


def _default(value: object) -> str:
    if value is None or value is False or callable(value) or value in ((), []):
        return ""
    return f"`{getattr(value, 'value', value)}`"


if __name__ == "__main__":
    sys.stdout.write(reference())
