"""Edesk passes the contract before its emulator."""

from __future__ import annotations

import pytest

from deskmetry.testing import TrialFactory
from deskmetry_connectors.edesk.trial import trial as edesk_trial
from helpers_contract_ours import NO_DELETES, NO_SESSIONS, OurContract


class TestEdesk(OurContract, exempt=NO_DELETES | NO_SESSIONS):
    @pytest.fixture
    def trial(self) -> TrialFactory:
        return edesk_trial
