"""Main: the options before the command, the commands, and errors as one line with the right exit code."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from deskmetry.errors import DeskmetryError, ExitCode
from deskmetry.version import __version__

from .session import Session


def build_app() -> typer.Typer:
    """Return the command line with every built-in command."""
    from . import asking, database, demo_command, project, syncing

    app = typer.Typer(
        name="deskmetry",
        help="Every helpdesk of a company in one SQLite file, and every support KPI one command away.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for module in (project, syncing, asking, database, demo_command):
        module.add_commands(app)
    return app


def _options(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", metavar="FILE", help="Configuration file.")
    ] = None,
    plugin: Annotated[
        list[Path] | None,
        typer.Option("--plugin", metavar="FILE", help="Load this file as a plugin; repeatable."),
    ] = None,
    no_plugins: Annotated[
        bool, typer.Option("--no-plugins", help="Load only what ships with Deskmetry.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more on stderr.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)
    ] = False,
) -> None:
    # Read before, in `_session`; here they are checked and documented.
    del config, plugin, no_plugins
    if version:
        sys.stdout.write(f"deskmetry {__version__}\n")
        raise typer.Exit
    if verbose:
        logging.basicConfig(
            level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s"
        )
        logging.getLogger("deskmetry").setLevel(logging.DEBUG)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; never a traceback for what a user can mend."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(run(given))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    session = _session(arguments)
    try:
        app = build_app()
        session.registry.call("register_commands", app=app)
        app(args=list(arguments), obj=session, prog_name="deskmetry")
    except DeskmetryError as error:
        report(error, as_json=_wants_json(arguments))
        return int(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted.\n")
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # The reader of our pipe has seen enough; what Python would flush at exit has nowhere to go either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.FAILURE)
    except SystemExit as stop:
        return (
            stop.code
            if isinstance(stop.code, int)
            else int(ExitCode.OK if stop.code is None else ExitCode.FAILURE)
        )
    except Exception as error:  # a fault of ours: one line for the user, everything with --verbose
        if session.verbose:
            raise
        wrapped = DeskmetryError(
            f"Deskmetry failed: {type(error).__name__}: {error}",
            "That is a fault in Deskmetry; please report it with the output of `deskmetry --verbose …`.",
        )
        report(wrapped, as_json=_wants_json(arguments))
        return int(ExitCode.FAILURE)
    return int(ExitCode.OK)


def report(error: DeskmetryError, *, as_json: bool) -> None:
    """Tell an error on stderr: one line, or one JSON object where JSON was asked for."""
    if as_json:
        body = {
            "code": error.code,
            "message": error.message,
            "hint": error.hint,
            "exit_code": int(error.exit_code),
        }
        sys.stderr.write(json.dumps({"schema_version": 1, "error": body}, ensure_ascii=False) + "\n")
    else:
        from .text import plain

        sys.stderr.write(f"error: {plain(str(error))}\n")


def _session(arguments: Sequence[str]) -> Session:
    """Read the options that must be known before the commands are: which plugins bring some.

    Typer reads them again and refuses what is wrong; here only well-formed ones are looked for.
    """
    session = Session()
    files: list[Path] = []
    rest = iter(arguments)
    for argument in rest:
        name, equals, value = argument.partition("=")
        if name in ("--plugin", "--config", "-c"):
            value = value if equals else next(rest, "")
            if name == "--plugin":
                files.append(Path(value))
            else:
                session.config = Path(value)
        elif argument == "--no-plugins":
            session.built_in_only = True
        elif argument in ("--verbose", "-v"):
            session.verbose = True
        elif not argument.startswith("-"):
            break  # the command: what follows is its own
    session.plugin_files = tuple(files)
    return session


def _wants_json(arguments: Sequence[str]) -> bool:
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    wanted = ("json", "jsonl")
    return any(
        (name in ("--format", "-f") and value in wanted)
        or name in ("--format=json", "--format=jsonl", "-fjson", "-fjsonl")
        for name, value in pairs
    )
