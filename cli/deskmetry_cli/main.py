"""Main: the options before the command, the commands, and errors as one line with the right exit code."""

from __future__ import annotations

import gc
import io
import logging
import os
import re
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer

from deskmetry.errors import DeskmetryError, ExitCode, UsageError
from deskmetry.version import __version__

from .report import HarmlessFormatter, report, warn
from .session import Session


def build_app() -> typer.Typer:
    """Return the command line with every built-in command."""
    from . import (
        asking,
        connecting,
        database,
        demo_command,
        erasing,
        grading,
        project,
        quarantine,
        scaffold,
        syncing,
        verification,
    )

    app = typer.Typer(
        name="deskmetry",
        help="Every helpdesk of a company in one SQLite file, and every support KPI one command away.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for module in (
        project,
        connecting,
        syncing,
        asking,
        database,
        quarantine,
        verification,
        scaffold,
        grading,
        erasing,
        demo_command,
    ):
        module.add_commands(app)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"deskmetry {__version__}\n")
        raise typer.Exit


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
        bool,
        typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=_version),
    ] = False,
) -> None:
    # Read before, in `_session`; here they are checked and documented.
    del config, plugin, no_plugins, version
    if verbose:
        told = logging.StreamHandler()
        told.setFormatter(HarmlessFormatter("%(levelname)s %(name)s: %(message)s"))
        logging.basicConfig(level=logging.INFO, handlers=[told])
        logging.getLogger("deskmetry").setLevel(logging.DEBUG)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; never a traceback for what a user can mend."""
    # Imports and rows make many objects and little garbage: to look for it rarely saves much of a short run.
    gc.set_threshold(50_000, 20, 20)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that can't show a character gets its number instead of a failure.
            stream.reconfigure(errors="backslashreplace")
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(run(given))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    session = _session(arguments)
    as_json = _wants_json(arguments)
    try:
        app = build_app()
        _add_plugin_commands(app, session)
        session.tell()
        code = app(args=list(arguments), obj=session, prog_name="deskmetry", standalone_mode=False)
    except DeskmetryError as error:
        report(error, as_json=as_json)
        return int(error.exit_code)
    except _USAGE as error:
        return _misused(error, as_json=as_json)
    except (KeyboardInterrupt, typer.Abort):
        warn("stopped", "interrupted")
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # The reader of our pipe has seen enough; what Python would flush at exit has nowhere to go either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.FAILURE)
    except Exception as error:  # a fault of ours: one line for the user, everything with --verbose
        if isinstance(error.__cause__, KeyboardInterrupt):  # while a class was made, Python wraps it
            warn("stopped", "interrupted")
            return int(ExitCode.INTERRUPTED)
        if session.verbose:
            raise
        report(UnforeseenError(error), as_json=as_json)
        return int(ExitCode.FAILURE)
    finally:
        session.resources.close()
    return code if isinstance(code, int) else int(ExitCode.OK)


class UnforeseenError(DeskmetryError):
    """Something went wrong that nobody foresaw."""

    code = "fault"

    def __init__(self, error: Exception) -> None:
        super().__init__(
            f"Deskmetry failed: {type(error).__name__}: {str(error).rstrip('.')}.",
            "A fault in Deskmetry or a plugin: please report it with what `deskmetry --verbose …` says.",
        )


# What Typer raises for options and arguments that it can't read; the class has no public name there.
_USAGE: type[Exception] = typer.BadParameter.__mro__[2]


def _misused(error: Exception, *, as_json: bool) -> int:
    """Tell what Typer found wrong with the command line, in one line; help that it shows instead is shown."""
    message = str(error.format_message()) if hasattr(error, "format_message") else str(error)
    context = getattr(error, "ctx", None)
    if message.startswith("Usage: "):
        sys.stderr.write(f"{message}\n")
    else:
        command = getattr(context, "command_path", "deskmetry")
        report(
            UsageError(message.rstrip(".") + ".", f"`{command} --help` lists what there is."), as_json=as_json
        )
    return int(ExitCode.USAGE)


def _add_plugin_commands(app: typer.Typer, session: Session) -> None:
    """Let plugins add commands; one that can't be built, or whose name is taken, stops no other."""
    lists: tuple[list[Any], ...] = (app.registered_commands, app.registered_groups)
    own = [list(items) for items in lists]
    session.registry.call("register_commands", app=app)
    added = [(items, item) for items, ours in zip(lists, own, strict=True) for item in items[len(ours) :]]
    for items, ours in zip(lists, own, strict=True):
        items[:] = ours
    names = {_name(item) for ours in own for item in ours}
    for items, item in added:
        name = _name(item)
        items.append(item)
        try:
            if name in names:
                raise ValueError("the name is taken")
            typer.main.get_command(app)
        except Exception as error:
            items.remove(item)
            warn(f"a plugin's command {name!r} is left out: {error}")
        names.add(name)


def _name(item: Any) -> str:
    """Return the name of a command or group as Typer gives it."""
    name = item.name or getattr(getattr(item, "typer_instance", None), "info", item).name
    return str(name or getattr(item.callback, "__name__", "")).lower().replace("_", "-")


def _session(arguments: Sequence[str]) -> Session:
    """Read the options that must be known before the commands are: which plugins bring some.

    Typer reads them again and refuses what is wrong; here only well-formed ones are looked for.
    """
    session = Session()
    files: list[Path] = []
    rest = iter(arguments)
    for argument in rest:
        name, equals, value = argument.partition("=")
        if name in ("--plugin", "--config"):
            value = value if equals else next(rest, "")
            if name == "--plugin":
                files.append(Path(value))
            else:
                session.config = Path(value)
        elif short := re.fullmatch(r"-(v*)c(.*)", argument):
            session.verbose = session.verbose or bool(short[1])
            session.config = Path(short[2] or next(rest, ""))
        elif argument == "--no-plugins":
            session.built_in_only = True
        elif argument == "--verbose" or re.fullmatch("-v+", argument):
            session.verbose = True
        elif not argument.startswith("-"):
            break  # the command: what follows is its own
    session.plugin_files = tuple(files)
    return session


def _wants_json(arguments: Sequence[str]) -> bool:
    wanted = ("json", "jsonl")
    pairs = pairwise(arguments)
    return any(name in ("--format", "-f") and value in wanted for name, value in pairs) or any(
        name.removeprefix("--format=").removeprefix("-f") in wanted and name.startswith("-")
        for name in arguments
    )
