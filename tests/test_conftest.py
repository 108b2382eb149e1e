"""What CI installs a program for is never skipped there without anybody noticing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SKIPPING = """
import pytest

@pytest.fixture
def server():
    pytest.skip("NOT TESTED against a real server: none is there")

def test_of_the_server(server): ...

def test_without_the_right(): pytest.skip("only root may")
"""


@pytest.mark.parametrize(
    ("ci", "code", "told"), [("true", 1, ("1 skipped", "1 error")), ("", 0, ("2 skipped",))]
)
def test_what_ci_installs_for_fails_there_where_it_would_be_skipped(
    tmp_path: Path, ci: str, code: int, told: tuple[str, ...]
) -> None:
    ours = Path(__file__).with_name("conftest.py").read_text(encoding="utf-8")
    (tmp_path / "conftest.py").write_text(ours, encoding="utf-8")
    (tmp_path / "test_skipping.py").write_text(SKIPPING, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    named = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path, env=named | {"CI": ci}, timeout=60
    )
    assert done.returncode == code, done.stdout
    assert all(words in done.stdout.splitlines()[-1] for words in told), done.stdout
