"""Tests of the progress of a sync that has more streams than a screen has lines, as the demo's."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress, TextColumn

from deskmetry.sync import Outcome
from deskmetry_cli.demo_answers import _notes, _together
from deskmetry_cli.demo_command import _activation
from deskmetry_cli.progress import Bars, Lines


def test_a_stream_that_ended_well_makes_room_and_one_that_failed_stays() -> None:
    console = Console(file=io.StringIO())
    drawn = Progress(TextColumn("{task.description}", markup=False), console=console)
    bars = Bars(drawn)
    bars.page("shop", "tickets", 3)
    bars.page("chat", "bots", 1)
    bars.page("mail", "mails", 5)
    bars.ended("shop", "tickets", Outcome.OK, "")
    bars.ended("chat", "bots", Outcome.FAILED, "no way in")
    shown = [task.description for task in drawn.tasks if task.visible]
    assert shown == ["chat: bots: 1 row, failed (no way in)", "mail: mails: 5 rows"]


def test_one_row_is_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    for rows in (1, 2):
        lines.page("shop", f"stream{rows}", rows)
        lines.ended("shop", f"stream{rows}", Outcome.OK, "")
    assert capsys.readouterr().err == "shop: stream1: ok, 1 row\nshop: stream2: ok, 2 rows\n"


def test_sources_of_which_the_same_is_said_are_named_together() -> None:
    said = [
        "chat (livechat) can't give nps.",
        "mail: the status history is inferred by rules, not reported.",
        "shop-eu (zendesk) can't give nps.",
        "chat (livechat) can't give nps.",
        "voice is left out: it was never synced completely.",
        "markets (edesk) can't give ratings: none was seen.",
    ]
    assert _together(said) == [
        "chat, shop-eu can't give nps.",
        "mail: the status history is inferred by rules, not reported.",
        "voice is left out: it was never synced completely.",
        "markets can't give ratings: none was seen.",
    ]


def test_below_the_dash_stands_why_a_source_has_no_number_and_nothing_else() -> None:
    said = [
        "voice holds no tickets.",
        "mail: the status history is inferred by rules, not reported.",
        "post: the status history is inferred by rules, not reported.",
        "mail (mailbox) can't give ratings.",
        (
            "voice (surveymonkey) tells of answers to csat surveys and never of who was asked, so they are in"
            " no response rate."
        ),
    ]
    assert _notes(said) == [
        "mail, post: the status history is inferred by rules, not reported.",
        "–: the source has nothing of the kind, or doesn't tell it:",
        "voice holds no tickets.",
        "mail can't give ratings.",
        said[-1],
    ]
    assert _notes(said[1:2]) == said[1:2]


def test_a_venv_that_is_not_on_is_switched_on_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "my clone" / ".venv" / "bin" / "activate"
    script.parent.mkdir(parents=True)
    script.touch()
    venv = script.parent.parent
    monkeypatch.setattr(sys, "prefix", str(venv))
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(venv.parent)
    assert _activation(venv) == "  . .venv/bin/activate\n"
    monkeypatch.chdir(tmp_path / "my clone" / ".venv" / "bin")
    assert _activation(venv) == f"  . '{script}'\n"
    program = tmp_path / "deskmetry"
    program.touch(mode=0o755)
    assert _activation(venv) == ""  # it is found already
    program.unlink()
    monkeypatch.setattr(sys, "base_prefix", str(venv))
    assert _activation(venv) == ""  # no venv
