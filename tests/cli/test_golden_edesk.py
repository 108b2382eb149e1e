"""Golden numbers of an eDesk: every KPI, as the command line answers and as the account's own data say."""

from __future__ import annotations

from pathlib import Path

import pytest

from deskmetry_connectors.edesk.emulator import TOKEN, Company, Emulator, Faults
from helpers_cli import cli, configured
from helpers_oracle_answers import Question, compared
from helpers_oracle_edesk import Looks, edesk_world


@pytest.mark.parametrize("seed", [4, 9])
def test_every_kpi_of_an_edesk_is_what_its_own_data_say(tmp_path: Path, seed: int) -> None:
    company, looks = Company.make(tickets=60, seed=seed), Looks()
    with Emulator(company, Faults(quick=True)) as server:
        settings = f'url = "{server.url}"\ntoken = {{ command = "echo {TOKEN}" }}\n'
        config = configured(tmp_path, f'[sources.shop]\nconnector = "edesk"\n{settings}')
        for hours in (0, 6, 30):
            if hours:
                company.advance(hours)
            answer = cli("-c", config, "sync")
            assert answer.code == 0, answer.err
            looks.look(company)
            for by in ("medium",) if hours else (None, "source", "medium", "month"):
                question = Question("2025-12", "2026-03", by)
                assert compared(config, edesk_world(company, "shop", looks), question) == [], (hours, by)
