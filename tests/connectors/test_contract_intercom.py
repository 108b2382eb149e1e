"""Intercom passes the contract before its emulator."""

from __future__ import annotations

import pytest

from deskmetry.testing import TrialFactory
from deskmetry_connectors.intercom.trial import trial as intercom_trial
from helpers_contract_ours import OurContract


class TestIntercom(OurContract, exempt={"changed_types_are_seen"}):
    @pytest.fixture
    def trial(self) -> TrialFactory:
        return intercom_trial
