"""Helpers for tests of the command line: a small office with known answers, and ways to call it."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from email.header import Header
from pathlib import Path
from typing import Any

from deskmetry_cli.main import run
from helpers_mail import mail, write_mbox

START = "from deskmetry_cli.main import main; main()"
HOSTILE = "=1+1|x \x1b[31mred\x1b[0m \u202eevil [a](javascript:b) <img src=x> `c` \u009b2J"
FORMATS = ("table", "json", "jsonl", "csv", "md")
REPO = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call of the command line came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What stands on stdout, as JSON."""
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        """The JSON error on stderr."""
        found = json.loads(self.err.splitlines()[-1])
        assert found["schema_version"] == 1
        error: dict[str, Any] = found["error"]
        assert {"code", "message", "hint", "exit_code"} <= set(error)
        return error


def cli(*arguments: str | Path) -> Answer:
    """Call the command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run([str(argument) for argument in arguments])
    return Answer(code, out.getvalue(), err.getvalue())


def process(*arguments: str | Path) -> subprocess.Popen[str]:
    """Start the command line in a process of its own."""
    command = [sys.executable, "-c", START, *map(str, arguments)]
    pipe = subprocess.PIPE
    # Unbuffered, Python takes a write that a closed pipe cut short for a whole one.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment)


def finished(child: subprocess.Popen[str]) -> Answer:
    """Wait for a process, and return what it came to."""
    out, err = child.communicate(timeout=60)
    return Answer(child.returncode, out, err)


def one_line(answer: Answer, code: int) -> str:
    """Check that a failure is one clear line on stderr and nothing else, and return it."""
    assert answer.code == code, (answer.code, answer.out, answer.err)
    assert answer.out == ""
    assert "Traceback" not in answer.err
    lines = answer.err.splitlines()
    assert len(lines) == 1, answer.err
    assert lines[0].startswith("error: ")
    return lines[0]


def letter(number: int, at: str, sender: str, subject: str, answers: int | None = None) -> bytes:
    """Return a mail; `at` is UTC, as `02 Mar 2026 09:00`. Mails from acme.example go to a customer."""
    ours = sender.endswith("@acme.example>")
    return mail(
        "Hello",
        from_=sender,
        to="Jane <jane@customer.example>" if ours else "support@acme.example",
        subject=Header(subject, "utf-8", maxlinelen=400).encode(),
        date=f"{at}:00 +0000",
        message_id=f"<{number}@mail.example>",
        in_reply_to=None if answers is None else f"<{answers}@mail.example>",
        references=None if answers is None else f"<{answers}@mail.example>",
    )


ANNA, TOM = "Anna Keller <anna@acme.example>", "Tom Okafor <tom@acme.example>"


def office(folder: Path, extra: str = "", head: str = "") -> Path:
    """Write a mailbox and its configuration, and return the path of the latter.

    In March 2026: one request answered by Anna after 2 hours, one by Tom after 6, one with a hostile subject
    not at all, and a newsletter. In April one answered after 1 hour, and a newsletter, the last mail.
    """
    news = {"from_": "News <news@shop.example>", "list_id": "<news.shop.example>", "precedence": "bulk"}
    inbox = [
        letter(1, "02 Mar 2026 09:00", "Jane <jane@customer.example>", "Where is my order?"),
        letter(2, "03 Mar 2026 10:00", "Bob <bob@customer.example>", 'Invoice; it\'s "wrong"'),
        letter(3, "04 Mar 2026 09:00", "Eve <eve@customer.example>", HOSTILE),
        mail(**news, date="05 Mar 2026 09:00:00 +0000", message_id="<9@shop.example>"),
        letter(4, "20 Apr 2026 09:00", "Zed <zed@customer.example>", "Colours"),
        mail(**news, date="21 Apr 2026 09:00:00 +0000", message_id="<10@shop.example>"),
    ]
    sent = [
        letter(11, "02 Mar 2026 11:00", ANNA, "Re: Where is my order?", 1),
        letter(12, "03 Mar 2026 16:00", TOM, 'Re: Invoice; it\'s "wrong"', 2),
        letter(14, "20 Apr 2026 10:00", ANNA, "Re: Colours", 4),
    ]
    write_mbox(folder / "inbox.mbox", inbox)
    write_mbox(folder / "sent.mbox", sent)
    text = f"""{head}
timezone = "UTC"
[sources.inbox]
connector = "mailbox"
path = ["inbox.mbox", "sent.mbox"]
addresses = ["support@acme.example", "@acme.example"]
{extra}
"""
    return configured(folder, text)


def configured(folder: Path, text: str) -> Path:
    """Write a configuration and return its path."""
    path = folder / "deskmetry.toml"
    path.write_text(text, encoding="utf-8")
    return path


def synced(folder: Path, extra: str = "", head: str = "") -> Path:
    """Write the office, sync it, and return the path of its configuration."""
    config = office(folder, extra, head)
    answer = cli("-c", config, "sync")
    assert answer.code == 0, answer.err
    return config


def rows(answer: Answer) -> Sequence[dict[str, Any]]:
    """Return the rows of an answer in JSON lines."""
    return [json.loads(line) for line in answer.out.splitlines()]


def execute(config: Path, sql: str) -> list[Any]:
    """Run a statement on the database beside a configuration, and return its rows."""
    with closing(sqlite3.connect(config.parent / "deskmetry.db")) as connection:
        found = connection.execute(sql).fetchall()
        connection.commit()
    return found
