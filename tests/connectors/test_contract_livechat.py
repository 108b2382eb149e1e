"""LiveChat passes the contract before its emulator."""

from __future__ import annotations

import pytest

from deskmetry.testing import TrialFactory
from deskmetry_connectors.livechat.trial import trial as livechat_trial
from helpers_contract_ours import NO_DELETES, OurContract


class TestLiveChat(OurContract, exempt=NO_DELETES | {"a_future_row_blinds_nothing"}):
    @pytest.fixture
    def trial(self) -> TrialFactory:
        return livechat_trial
