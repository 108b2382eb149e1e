"""Mailbox passes the contract before a Maildir."""

from __future__ import annotations

import pytest

from deskmetry.testing import TrialFactory
from deskmetry.testing.contract import ConnectorContract
from deskmetry_connectors.mailbox.trial import trial as mailbox_trial


class TestMailbox(ConnectorContract):
    @pytest.fixture
    def trial(self) -> TrialFactory:
        return mailbox_trial
