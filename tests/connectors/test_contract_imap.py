"""Imap passes the contract before a mail server in this process."""

from __future__ import annotations

import pytest

from deskmetry.testing import TrialFactory
from deskmetry.testing.contract import ConnectorContract
from deskmetry_connectors.imap.trial import trial as imap_trial


class TestImap(ConnectorContract):
    @pytest.fixture
    def trial(self) -> TrialFactory:
        return imap_trial
