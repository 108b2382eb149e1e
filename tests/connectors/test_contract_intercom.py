"""Intercom passes the contract before its emulator."""

from __future__ import annotations

import pytest

from deskmetry.testing import TrialFactory
from deskmetry.testing.contract import ConnectorContract
from deskmetry_connectors.intercom.trial import trial as intercom_trial


class TestIntercom(ConnectorContract):
    @pytest.fixture
    def trial(self) -> TrialFactory:
        return intercom_trial
