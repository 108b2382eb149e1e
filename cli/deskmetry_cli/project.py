"""Project: `init`, `check`, `config`, `plugins` and `doctor`: setting up, and finding out what is wrong."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from deskmetry.errors import DeskmetryError, ExitCode, UsageError

from .output import Format, FormatOption, OutputOption, Table, write
from .session import Session
from .text import plain


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
    from deskmetry.settings import load, source_text, write_new

    session: Session = context.obj
    path = session.config or Path("deskmetry.toml")
    if mailbox is not None and not address:
        raise UsageError(
            "Whose mailbox is it?",
            "Add --address support@YOUR.example: mail from there is yours, all other comes from customers.",
        )
    write_new(path)
    if mailbox is not None:
        text = source_text(name, "mailbox", {"path": str(mailbox), "addresses": list(address or ())})
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    settings = load(path)
    typer.echo(f"Wrote {path} (time zone {settings.timezone}; change it there if it isn't yours).")
    if settings.sources:
        typer.echo(
            "Next: `deskmetry check` looks whether the mailbox can be read, `deskmetry sync` reads it."
        )
    else:
        typer.echo("Next: add a [sources.NAME] table (docs/connectors/mailbox.md), then `deskmetry check`.")


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
    data = []
    code = ExitCode.OK
    for name, connector in session.connectors(sources or ()).items():
        try:
            found, hint = connector.check(), ""
            status = "ok"
        except DeskmetryError as error:
            found, hint, status = error.message, error.hint, "failed"
            code = error.exit_code if code in (ExitCode.OK, error.exit_code) else ExitCode.FAILURE
        finally:
            connector.close()
        data.append(
            {"source": name, "connector": connector.name, "status": status, "found": found, "hint": hint}
        )
    shown = [[r["source"], r["connector"], r["status"], f"{r['found']} {r['hint']}".strip()] for r in data]
    write(Table(("source", "connector", "status", "found"), shown, data), format, output)
    if code is not ExitCode.OK and any(row["status"] == "ok" for row in data):
        code = ExitCode.PARTIAL
    raise typer.Exit(int(code))


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
    write(Table(columns, shown, data, empty="No plugins."), format, output)


def config_show(
    context: typer.Context, format: FormatOption = Format.TABLE, output: OutputOption = None
) -> None:
    """Show each setting and where it comes from."""
    from deskmetry.settings import explain

    session: Session = context.obj
    rows = explain(session.settings, session.registry.connectors())
    data = [{"setting": key, "value": value, "from": where} for key, value, where in rows]
    shown = [[plain(key), plain(value), plain(where)] for key, value, where in rows]
    write(Table(("setting", "value", "from"), shown, data), format, output)


def doctor(context: typer.Context, format: FormatOption = Format.TABLE, output: OutputOption = None) -> None:
    """Find faults, each with what mends it."""
    from .examination import examine

    session: Session = context.obj
    findings = examine(session)
    data = [asdict(finding) for finding in findings]
    shown = [[f.check, f.status, f"{f.found} {f.mend}".strip()] for f in findings]
    write(Table(("check", "status", "found"), shown, data), format, output)
    if any(finding.status == "fault" for finding in findings):
        raise typer.Exit(int(ExitCode.FAILURE))
