"""Zendesk passes the contract before its emulator."""

from __future__ import annotations

import pytest

from deskmetry.testing import TrialFactory
from deskmetry_connectors.zendesk.trial import trial as zendesk_trial
from helpers_contract_ours import OurContract


class TestZendesk(OurContract, exempt={"late_things_arrive"}):
    @pytest.fixture
    def trial(self) -> TrialFactory:
        return zendesk_trial
