"""SurveyMonkey passes the contract before its emulator."""

from __future__ import annotations

import pytest

from deskmetry.testing import TrialFactory
from deskmetry.testing.contract import ConnectorContract
from deskmetry_connectors.surveymonkey.trial import trial as surveymonkey_trial


class TestSurveyMonkey(ConnectorContract):
    @pytest.fixture
    def trial(self) -> TrialFactory:
        return surveymonkey_trial
