"""Imap passes the contract before a mail server in this process."""

from __future__ import annotations

import pytest

from deskmetry.testing import TrialFactory
from deskmetry_connectors.imap.trial import trial as imap_trial
from helpers_contract_ours import NO_DELETES, NO_FAULTS_OF_HTTP, NO_SESSIONS, OurContract


class TestImap(OurContract, exempt=NO_DELETES | NO_FAULTS_OF_HTTP | NO_SESSIONS):
    @pytest.fixture
    def trial(self) -> TrialFactory:
        return imap_trial
