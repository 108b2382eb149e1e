"""Table passes the contract before a file that an export writes anew."""

from __future__ import annotations

import pytest

from deskmetry.testing import TrialFactory
from deskmetry_connectors.table.trial import trial as table_trial
from helpers_contract_ours import NO_FAULTS_OF_HTTP, NO_SESSIONS, OurContract


class TestTable(OurContract, exempt=NO_FAULTS_OF_HTTP | NO_SESSIONS):
    @pytest.fixture
    def trial(self) -> TrialFactory:
        return table_trial
