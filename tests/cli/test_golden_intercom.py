"""Golden numbers of an Intercom: every KPI, as the command line answers and as its conversations say."""

from __future__ import annotations

from pathlib import Path

import pytest

from deskmetry_connectors.intercom.emulator import TOKEN, Company, Emulator
from helpers_cli import cli, configured
from helpers_oracle_answers import Question, compared
from helpers_oracle_intercom import intercom_world


@pytest.mark.parametrize("seed", [2, 6])
def test_every_kpi_of_an_intercom_is_what_its_conversations_say(tmp_path: Path, seed: int) -> None:
    company = Company.make(tickets=60, seed=seed)
    with Emulator(company) as server:
        settings = f'url = "{server.url}"\ntoken = {{ command = "echo {TOKEN}" }}\n'
        config = configured(
            tmp_path, f'[sources.inbox]\nconnector = "intercom"\nworkspace = "emul8ed"\n{settings}'
        )
        for hours in (0, 6):
            if hours:
                company.advance(hours)
            answer = cli("-c", config, "sync")
            assert answer.code == 0, answer.err
            for by in ("medium",) if hours else (None, "source", "medium", "month"):
                found = compared(config, intercom_world(company, "inbox"), Question("2025-11", "2026-04", by))
                assert found == [], (hours, by)
