"""Table passes the contract before a file that an export writes anew."""

from __future__ import annotations

import pytest

from deskmetry.testing import TrialFactory
from deskmetry.testing.contract import ConnectorContract
from deskmetry_connectors.table.trial import trial as table_trial


class TestTable(ConnectorContract):
    @pytest.fixture
    def trial(self) -> TrialFactory:
        return table_trial
