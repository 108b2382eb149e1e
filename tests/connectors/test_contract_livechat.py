"""LiveChat passes the contract before its emulator."""

from __future__ import annotations

import pytest

from deskmetry.testing import TrialFactory
from deskmetry.testing.contract import ConnectorContract
from deskmetry_connectors.livechat.trial import trial as livechat_trial


class TestLiveChat(ConnectorContract):
    @pytest.fixture
    def trial(self) -> TrialFactory:
        return livechat_trial
