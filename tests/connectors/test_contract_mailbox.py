"""Mailbox passes the contract before a Maildir."""

from __future__ import annotations

import pytest

from deskmetry.testing import TrialFactory
from deskmetry_connectors.mailbox.trial import trial as mailbox_trial
from helpers_contract_ours import NO_DELETES, NO_FAULTS_OF_HTTP, NO_SESSIONS, OurContract


class TestMailbox(OurContract, exempt=NO_DELETES | NO_FAULTS_OF_HTTP | NO_SESSIONS):
    @pytest.fixture
    def trial(self) -> TrialFactory:
        return mailbox_trial
