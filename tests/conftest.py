"""What all tests share: how hypothesis tries things, and that CI tests what it installs servers for."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

# Slow machines aren't faults, and the same examples every time make a red run one that can be repeated.
settings.register_profile("deskmetry", deadline=None, derandomize=True)
settings.load_profile("deskmetry")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail in CI what is skipped for want of a program that `.ci/run` installs.

    What lacks a right (root's, to make a small disk) or a git checkout is skipped there too, and says so.
    """
    report = yield
    wanting = report.skipped and "NOT TESTED" in str(report.longrepr)
    if wanting and os.environ.get("CI", "").lower() in ("true", "1"):
        report.outcome, report.longrepr = "failed", f"not skipped in CI: {report.longrepr}"
    return report
