"""Zendesk passes the contract before its emulator."""

from __future__ import annotations

import pytest

from deskmetry.testing import TrialFactory
from deskmetry.testing.contract import ConnectorContract
from deskmetry_connectors.zendesk.trial import trial as zendesk_trial


class TestZendesk(ConnectorContract):
    @pytest.fixture
    def trial(self) -> TrialFactory:
        return zendesk_trial
