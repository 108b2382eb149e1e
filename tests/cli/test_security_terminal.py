"""Security on the terminal: nothing that a stranger wrote is obeyed, in no format and no message."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress, TextColumn

from deskmetry.errors import SourceError
from deskmetry.sync import Outcome
from deskmetry_cli.progress import Bars, Lines
from deskmetry_cli.report import report, warn
from deskmetry_cli.text import CONTROL, plain
from helpers_cli import FORMATS, cli, configured, finished, process

TERMINAL = (
    "\x1b[2J\x1b[31mred\x1b]8;;https://evil.example\x07link\x1b]8;;\x07\x1b]52;c;aGk=\x07\x07\x08\r\n"
    "\u202eevil\u202c\u2066x\u2069\u200e\u200f\u061c\x9b2J\x9d8;;x\x9c\x7f"
)
"""Colours, a link (OSC 8), the clipboard (OSC 52), a bell, overwriting, marks that reorder, C1 controls."""
DANGEROUS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


HOSTILE = """
from datetime import UTC, datetime, timedelta
from deskmetry import (Agent, Connector, Customer, Cursor, Field, Message, Page, Rejected, SourceError, Team,
                       Ticket, hookimpl, stream)

EVIL = {evil!r}
AT = datetime(2026, 3, 2, tzinfo=UTC)

class Hostile(Connector):
    \"\"\"A desk full of control sequences.\"\"\"
    name = "hostile"
    fails: str = Field("", description="How to fail with a hostile message")

    def account(self):
        return self.fails

    def check(self):
        if self.fails:
            raise LookupError(EVIL)
        return f"reached {{EVIL}}"

    @stream(Customer, Agent, Team)
    def people(self, since):
        yield Page([Customer(id="c" + EVIL, name=EVIL, email="a" + EVIL + "@x.example"),
                    Agent(id="a", name=EVIL), Team(id="t", name=EVIL)])

    @stream(Ticket, Message)
    def tickets(self, since):
        bad = [Rejected({{"id": EVIL, EVIL: EVIL}}, "bad: " + EVIL, "key " + EVIL)]
        ticket = Ticket(id="1" + EVIL, subject="=cmd|" + EVIL, status="open", vendor_status=EVIL,
                        created_at=AT, updated_at=AT, requester_id="c" + EVIL, assignee_id="a", team_id="t",
                        channel=EVIL, tags=[EVIL], link="https://x.example/" + EVIL)
        message = Message(id="m" + EVIL, ticket_id="1" + EVIL, sent_at=AT, author_kind="customer",
                          author_id="c" + EVIL, body=EVIL)
        yield Page([ticket, message], Cursor(EVIL, AT), bad)
        self.context.wait(0.001, "waiting " + EVIL)
        if self.fails == "told":
            raise SourceError("failed " + EVIL, "hint " + EVIL)
        if self.fails:
            raise LookupError("failed " + EVIL)

@hookimpl
def register_connectors():
    return [Hostile]
"""
QUESTIONS = (
    ("sync", "--full"),
    ("check",),
    ("status",),
    ("waiting",),
    ("quarantine", "list"),
    ("metric", "ticket_volume", "--by", "channel"),
    ("metric", "ticket_volume", "--by", "tag"),
    ("metric", "ticket_volume", "--by", "agent"),
    ("metric", "ticket_volume", "--by", "team"),
    ("metric", "ticket_volume", "--tickets"),
    ("metric", "ticket_volume", "--explain"),
    ("metric", "ticket_volume", "--where", f"channel={TERMINAL}"),
    ("metric", f"x{TERMINAL}".replace("\r\n", "")),
    ("sql", "SELECT * FROM tickets"),
    ("sql", "SELECT * FROM customers"),
    ("sql", "SELECT * FROM quarantine"),
    ("sql", "SELECT * FROM sync_runs"),
    ("sql", f"SELECT '{TERMINAL}' AS '{TERMINAL}'"),
    ("sql", f"SELECT {TERMINAL}"),
    ("doctor",),
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[str | Path, ...]:
    folder = tmp_path_factory.mktemp("hostile")
    plugin = folder / "hostile.py"
    plugin.write_text(HOSTILE.format(evil=TERMINAL))
    sources = [
        f'[sources.h{number}]\nconnector = "hostile"\nfails = "{how}"'
        for number, how in enumerate(("", "told", "raised"))
    ]
    options = ("--plugin", plugin, "-c", configured(folder, "\n".join(sources)))
    answer = cli(*options, "sync")
    assert answer.code == 3, answer.err
    return options


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda words: plain(" ".join(words))[:40])
def test_nothing_that_a_stranger_wrote_reaches_the_terminal_as_a_command(
    hostile: tuple[str | Path, ...], question: tuple[str, ...]
) -> None:
    for kind in FORMATS:
        answer = cli(*hostile, *question, "--format", kind)
        assert not DANGEROUS.search(answer.out), (kind, answer.out)
        assert not DANGEROUS.search(answer.err), (kind, answer.err)


def test_verbose_says_nothing_hostile_either(hostile: tuple[str | Path, ...]) -> None:
    for command in ("sync", "check"):
        answer = finished(process("-v", *hostile, command))
        assert not DANGEROUS.search(answer.out + answer.err), answer.err


def test_progress_is_drawn_without_what_a_stranger_wrote(capsys: pytest.CaptureFixture[str]) -> None:
    buffer = io.StringIO()
    with Progress(TextColumn("{task.description}", markup=False), console=Console(file=buffer)) as drawn:
        for listener in (Bars(drawn), Lines()):
            listener.page("s", "tickets", 3)
            listener.waiting("s", datetime.now(UTC), TERMINAL)
            listener.ended("s", "tickets", Outcome.FAILED, TERMINAL)
    report(SourceError(TERMINAL, TERMINAL), as_json=False, source="s")
    report(SourceError(TERMINAL, TERMINAL), as_json=True, source="s")
    warn(TERMINAL)
    said = buffer.getvalue() + capsys.readouterr().err
    assert "evil" in said
    assert not DANGEROUS.search(said)


def test_every_character_that_a_terminal_obeys_is_taken_out() -> None:
    obeyed = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))}
    obeyed |= set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")
    assert {character for character in obeyed if not CONTROL.fullmatch(character)} == set()
    assert plain("Grüße, 你好 👋🏽, שלום") == "Grüße, 你好 👋🏽, שלום"
