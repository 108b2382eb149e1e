"""SurveyMonkey passes the contract before its emulator."""

from __future__ import annotations

import pytest

from deskmetry.testing import TrialFactory
from deskmetry_connectors.surveymonkey.trial import trial as surveymonkey_trial
from helpers_contract_ours import NO_DELETES, NO_SESSIONS, OurContract


class TestSurveyMonkey(OurContract, exempt=NO_DELETES | NO_SESSIONS):
    @pytest.fixture
    def trial(self) -> TrialFactory:
        return surveymonkey_trial
