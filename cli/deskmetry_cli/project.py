"""Project: `init`, `check`, `config`, `plugins` and `doctor`: setting up, and finding out what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deskmetry.errors import DeskmetryError, ExitCode, UsageError

from .output import Format, FormatOption, OutputOption, Table, write
from .questions import check_source_name
from .session import Session

if TYPE_CHECKING:
    from deskmetry.connector import Connector


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(init)
    app.command()(check)
    app.command()(plugins)
    app.command()(doctor)
    config = typer.Typer(help="Look at the configuration.", no_args_is_help=True, rich_markup_mode=None)
    config.command("show")(config_show)
    app.add_typer(config, name="config")


def init(
    context: typer.Context,
    mailbox: Annotated[
        Path | None, typer.Option("--mailbox", help="An mbox file or Maildir to read.")
    ] = None,
    address: Annotated[
        list[str] | None, typer.Option("--address", help="The mailbox's own address; repeatable.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="What to call the mailbox.")] = "inbox",
) -> None:
    """Write a first configuration, deskmetry.toml."""
    from deskmetry.settings import build_source, load, source_text, write_new

    session: Session = context.obj
    path = session.config or Path("deskmetry.toml")
    if mailbox is not None and not address:
        raise UsageError(
            "Whose mailbox is it?",
            "Add --address support@YOUR.example: mail from there is yours, all other comes from customers.",
        )
    if mailbox is None and address:
        raise UsageError("There is an --address but no mailbox.", "Add --mailbox PATH.")
    check_source_name(name)
    write_new(path)
    try:
        if mailbox is not None:
            # A relative path in the file starts at the file, which may lie elsewhere.
            here = path.absolute().parent == Path.cwd()
            place = mailbox if here else mailbox.absolute()
            values = {"path": str(place), "addresses": list(address or ())}
            with path.open("a", encoding="utf-8") as file:
                file.write(source_text(name, "mailbox", values))
        settings = load(path)
        for source in settings.sources:
            build_source(settings, source, session.registry.connectors()).close()
    except DeskmetryError:
        path.unlink()  # it holds nothing but what was just given, and that can't be used
        raise
    zone = f"time zone {settings.timezone}; change it there if it isn't yours"
    typer.echo(f"Wrote {path} ({zone}).", err=True)
    if mailbox is not None and not mailbox.exists():
        typer.echo(f"There is nothing at {mailbox} yet: correct `path` if that is a typo.", err=True)
    if settings.sources:
        told = "Next: `deskmetry check` looks whether the mailbox can be read, `deskmetry sync` reads it."
    else:
        told = "Next: add a [sources.NAME] table (docs/connectors/mailbox.md), then `deskmetry check`."
    typer.echo(told, err=True)


def check(
    context: typer.Context,
    sources: Annotated[
        list[str] | None, typer.Argument(help="Only these sources.", show_default=False)
    ] = None,
    format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Try to reach each source, writing nothing."""
    session: Session = context.obj
    connectors, faults = session.connectors(sources or ())
    data: list[dict[str, str]] = []
    errors: list[DeskmetryError] = []
    for name in [*connectors, *faults]:
        error: DeskmetryError | None = faults.get(name)
        found = ""
        if name in connectors:
            found, error = _tried(connectors[name])
        row = {"source": name, "connector": session.settings.sources[name].connector}
        if error is None:
            data.append(row | {"status": "ok", "found": found, "hint": "", "code": ""})
        else:
            errors.append(error)
            data.append(
                row | {"status": "failed", "found": error.message, "hint": error.hint, "code": error.code}
            )
    shown = [[r["source"], r["connector"], r["status"], f"{r['found']} {r['hint']}".strip()] for r in data]
    write(Table(("source", "connector", "status", "found"), shown, data), format, output)
    raise typer.Exit(int(_code(errors, len(data))))


def _tried(connector: Connector) -> tuple[str, DeskmetryError | None]:
    """Return what a connector found, or why it couldn't; a fault of its code is no fault of ours."""
    from deskmetry.sync.cleanser import checked

    try:
        return checked(connector), None
    except DeskmetryError as error:
        return "", error
    finally:
        connector.close()


def _code(errors: Sequence[DeskmetryError], sources: int) -> ExitCode:
    codes = {error.exit_code for error in errors}
    if not codes:
        return ExitCode.OK
    if len(errors) < sources:
        return ExitCode.PARTIAL
    return codes.pop() if len(codes) == 1 else ExitCode.FAILURE


def plugins(context: typer.Context, format: FormatOption = Format.TABLE, output: OutputOption = None) -> None:
    """List plugins, what they bring, what failed."""
    session: Session = context.obj
    infos = session.registry.describe()
    data = [asdict(info) for info in infos]
    shown = []
    for info in infos:
        brings = [f"connector {name}" for name in info.connectors] + list(info.metrics)
        origin = info.origin if info.distribution is None else f"{info.distribution} {info.version}"
        status = info.status if not info.reason else f"{info.status}: {info.reason}"
        shown.append([info.name, origin, ", ".join(brings), ", ".join(info.hooks), status])
    columns = ("plugin", "from", "brings", "hooks", "status")
    table = Table(columns, shown, data, cut=frozenset({"hooks"}), spare=("hooks",), empty="No plugins.")
    write(table, format, output)


def config_show(
    context: typer.Context, format: FormatOption = Format.TABLE, output: OutputOption = None
) -> None:
    """Show each setting and where it comes from."""
    from deskmetry.settings import explain

    session: Session = context.obj
    rows = explain(session.settings, session.registry.connectors())
    data = [{"setting": key, "value": value, "from": where} for key, value, where in rows]
    file = session.settings.file
    named = str(file)
    shown = [[key, value, where.replace(named, file.name) if file else where] for key, value, where in rows]
    write(Table(("setting", "value", "from"), shown, data, title=[f"Configuration {file}"]), format, output)


def doctor(
    context: typer.Context,
    offline: Annotated[bool, typer.Option("--offline", help="Don't reach the sources.")] = False,
    format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Find faults, each with what mends it."""
    from .examination import examine

    session: Session = context.obj
    found = examine(session, offline=offline)
    data = [{"check": one.name, "status": one.health, "found": one.found, "mend": one.mend} for one in found]
    shown = [[one.name, one.health, f"{one.found} {one.mend}".strip()] for one in found]
    write(Table(("check", "status", "found"), shown, data, solid=frozenset({"status"})), format, output)
    if any(one.health == "fault" for one in found):
        raise typer.Exit(int(ExitCode.FAILURE))
