"""Edesk passes the contract before its emulator."""

from __future__ import annotations

import pytest

from deskmetry.testing import TrialFactory
from deskmetry.testing.contract import ConnectorContract
from deskmetry_connectors.edesk.trial import trial as edesk_trial


class TestEdesk(ConnectorContract):
    @pytest.fixture
    def trial(self) -> TrialFactory:
        return edesk_trial
