"""Golden numbers of a LiveChat: every KPI, as the command line answers and as the threads themselves say."""

from __future__ import annotations

from pathlib import Path

from deskmetry_connectors.livechat.emulator import ACCOUNT, PAT, Company, Emulator
from helpers_cli import cli, configured
from helpers_oracle_answers import Question, compared
from helpers_oracle_livechat import livechat_world

SPAN = ("2025-12", "2026-04")


def test_every_kpi_of_a_livechat_is_what_its_threads_say(tmp_path: Path) -> None:
    company = Company.make(tickets=120, users=20, seed=4)
    with Emulator(company) as server:
        settings = f'url = "{server.url}"\naccount_id = "{ACCOUNT}"\npat = {{ command = "echo {PAT}" }}\n'
        config = configured(tmp_path, f'[sources.chat]\nconnector = "livechat"\n{settings}')
        for hours in (0, 24):
            if hours:
                company.advance(hours * 3600)
            answer = cli("-c", config, "sync")
            assert answer.code == 0, answer.err
            for by in ("medium",) if hours else (None, "source", "medium", "month"):
                found = compared(config, livechat_world(company, "chat"), Question(*SPAN, by))
                assert found == [], (hours, by)
