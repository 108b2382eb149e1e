"""Verification: `verify` compares the database with its sources, and takes note of what was deleted there."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from deskmetry.errors import DeskmetryError, ExitCode, UnknownName, UsageError

from .output import SCHEMA_VERSION, Format, FormatOption, OutputOption, Table, write
from .report import report, warn
from .session import Session
from .text import number

if TYPE_CHECKING:
    from deskmetry.connector import Connector
    from deskmetry.sync.verified import Extent, Finding, Verified

_COLUMNS = ("source", "stream", "compared", "here", "there", "result", "found")


def add_commands(app: typer.Typer) -> None:
    """Add the command of this group."""
    app.command()(verify)


def verify(
    context: typer.Context,
    sources: Annotated[
        list[str] | None, typer.Argument(help="Only these sources.", show_default=False)
    ] = None,
    stream: Annotated[
        list[str] | None, typer.Option("--stream", help="Only this stream; repeatable.")
    ] = None,
    sample: Annotated[
        int, typer.Option("--sample", min=0, help="How many rows of a stream to compare by content.")
    ] = 20,
    full_read: Annotated[
        bool, typer.Option("--full-read", help="Read every stream whole and compare all of it.")
    ] = False,
    deletes: Annotated[
        bool, typer.Option("--deletes", help="Mark rows that are gone there as deleted here.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Also if more than 10 % are gone at once.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Compare counts, ids and contents with the sources."""
    from deskmetry.sync.verified import Extent, Mend

    session: Session = context.obj
    settings = session.settings
    if (force or yes) and not deletes:
        raise UsageError("--force and --yes are for --deletes.", "Add --deletes, or leave them out.")
    connectors, faults = session.connectors(sources or ())
    _check_streams(connectors, stream or ())
    extent = Extent(
        tuple(stream or ()), sample, full_read, settings.folder, privacy=settings.privacy_by_source()
    )
    found = _compared(session, connectors, extent)
    as_json = format in (Format.JSON, Format.JSONL)
    code = _code(found, [*faults.values()])
    failed = ExitCode.CHECK_FAILED if any(one.differs for one in found) else code
    write(_table(found, failed), format, output)
    for name, error in {**{one.source: one.error for one in found if one.error}, **faults}.items():
        report(error, as_json=as_json, source=name)
    for line in _mends(found, deletes=deletes):
        typer.echo(line, err=True)
    swept = deletes and _sweep(session, found, force=force, yes=yes)
    raise typer.Exit(int(code if swept and not any(one.needs(Mend.SYNC) for one in found) else failed))


def _compared(session: Session, connectors: dict[str, Connector], extent: Extent) -> list[Verified]:
    from deskmetry.sync.verify import verify as compare

    from .progress import progress

    with session.reader(facts=False) as connection, progress() as listener:
        return [
            compare(connection, name, connector, extent, listener) for name, connector in connectors.items()
        ]


def _check_streams(connectors: dict[str, Connector], wanted: Sequence[str]) -> None:
    known = {name for connector in connectors.values() for name in connector.streams()}
    for name in wanted:
        if name not in known:
            raise UnknownName("stream", name, known)


def _code(found: Sequence[Verified], faults: Sequence[DeskmetryError]) -> ExitCode:
    """Return 3 if some sources couldn't be compared, the errors' own code if none could, else 0."""
    errors = [*(one.error for one in found if one.error is not None), *faults]
    if not errors:
        return ExitCode.OK
    if len(errors) < len(found) + len(faults):
        return ExitCode.PARTIAL
    codes = {error.exit_code for error in errors}
    return codes.pop() if len(codes) == 1 else ExitCode.FAILURE


def _table(found: Sequence[Verified], code: ExitCode) -> Table:
    rows = [(one, finding) for one in found for finding in one.findings]
    data = [{"source": one.source, "connector": one.connector, **_row(finding)} for one, finding in rows]
    shown = [
        [one.source, finding.stream, _words(finding), _figure(finding.here), _figure(finding.there),
         str(finding.verdict), finding.said]
        for one, finding in rows if finding.compared != "everything"
    ]  # fmt: skip
    return Table(
        _COLUMNS,
        shown,
        data,
        frozenset({"here", "there"}),
        solid=frozenset({"source", "result"}),
        spare=("stream",),
        notes=list(_left_out(found)),
        whole={"schema_version": SCHEMA_VERSION, "exit_code": int(code), "rows": data},
        empty="Nothing was compared.",
    )


def _words(finding: Finding) -> str:
    if not finding.kind:
        return finding.compared
    what = finding.kind.replace("+", ", ").replace("_", " ")
    return f"{what}: {finding.compared}"


def _left_out(found: Sequence[Verified]) -> Iterator[str]:
    """Yield what couldn't be compared at all, a line for each reason."""
    for one in found:
        reasons: dict[str, list[str]] = {}
        for finding in one.findings:
            if finding.compared == "everything":
                reasons.setdefault(finding.said, []).append(finding.stream)
        for reason, streams in reasons.items():
            yield f"{one.source}: {', '.join(filter(None, streams)) or 'nothing'} not compared: {reason}."


def _row(finding: Finding) -> dict[str, object]:
    row = asdict(finding)
    return {"result": str(row.pop("verdict")), "found": row.pop("said"), "mend": str(row.pop("mend")), **row}


def _figure(value: int | None) -> str:
    return "–" if value is None else number(value)


def _mends(found: Sequence[Verified], *, deletes: bool) -> Iterator[str]:
    """Yield what to do about what was found."""
    from deskmetry.sync.sweep import sweepable
    from deskmetry.sync.verified import Mend

    for one in found:
        if one.needs(Mend.SYNC):
            yield (
                f"{one.source} may have changed since: `deskmetry sync {one.source}`, then verify again; what"
                f" still differs is read again by `deskmetry sync --full {one.source}`."
            )
        if sweepable(one.gone) and not deletes:
            yield f"{one.source}: `deskmetry verify {one.source} --deletes` marks as deleted what is gone."
        elif one.needs(Mend.DELETES) and not one.gone:
            yield f"{one.source}: `deskmetry verify {one.source} --full-read` finds what was deleted there."


def _sweep(session: Session, found: Sequence[Verified], *, force: bool, yes: bool) -> bool:
    """Mark as deleted what is gone, if the user agrees; refuse too much at once. Return whether it was."""
    from deskmetry.sync.sweep import guard, sweep, sweepable

    settings = session.settings
    gone = [one for one in found if one.error is None and sweepable(one.gone)]
    for one in found:
        if one.error is None and not one.gone:
            warn(f"{one.source}: {_why_none(one)}", "note")
    if not force:
        for one in gone:
            guard(one)
    rows = sum(len(kind.ids) for one in gone for kind in sweepable(one.gone))
    if not rows:
        return False
    question = f"Mark {number(rows)} row{'' if rows == 1 else 's'} as deleted?"
    if not yes and not (sys.stdin.isatty() and typer.confirm(question, err=True)):
        typer.echo(f"{question} Nothing was changed; --yes does it.", err=True)
        return False
    counts = sweep(settings.database, gone, force=force, timezone=settings.timezone, people=settings.people)
    for name, count in counts.items():
        typer.echo(f"{name}: {number(count)} marked as deleted, from the next sync on.", err=True)
    return True


def _why_none(one: Verified) -> str:
    listed = any(finding.compared in ("ids", "all contents") for finding in one.findings)
    if listed:
        return "nothing is gone that isn't known as deleted."
    if one.tombstones:
        return "the source tells itself what was deleted; each sync marks it."
    return "what was deleted can't be known this way: the source doesn't list ids; --full-read reads all."
