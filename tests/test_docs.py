"""The documentation tells the truth: commands run, links lead somewhere, generated pages are current."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from deskmetry_cli.demo import build
from deskmetry_cli.main import run
from deskmetry_cli.reference import reference

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def commands(page: str) -> Iterator[str]:
    """Every line of a shell block that calls the program itself."""
    for block in blocks(page, "sh"):
        for line in block.splitlines():
            if line.startswith("deskmetry "):
                yield line


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small demo company, synced, with the examples where the README's reader has them."""
    folder = tmp_path_factory.mktemp("docs") / "deskmetry-demo"
    build(folder, until=date(2026, 11, 1), tickets_per_year=300)
    (folder.parent / "examples").symlink_to(ROOT / "examples")
    assert run(["--config", str(folder / "deskmetry.toml"), "sync"]) == 0
    return folder


# `init` would meet the demo's configuration, `connect` asks and needs a server: tests/cli shows both.
SHOWN = [line for line in commands(README) if not line.startswith(("deskmetry init", "deskmetry connect"))]


@pytest.mark.parametrize("line", SHOWN)
def test_a_command_of_the_readme_runs_as_written(
    line: str, workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workspace)
    arguments = shlex.split(line)[1:]
    assert run(arguments) == 0
    written = Path(arguments[-1]) if "-o" in arguments else None
    assert written.read_text(encoding="utf-8") if written else capsys.readouterr().out


def test_the_readme_shows_enough_commands_for_this_test_to_mean_something() -> None:
    assert len(SHOWN) >= 15


def test_ci_runs_the_readmes_test_command_and_its_main_command() -> None:
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    installs = [line for block in blocks(README, "sh") for line in block.splitlines() if "-m venv" in line]
    assert len(installs) == 2
    demo, tests = installs
    assert tests in ci
    assert demo in ci


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_page_of_commands_is_current() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert page == reference(), "run: python -m deskmetry_cli.reference > docs/commands.md"


def test_every_python_block_of_the_docs_is_valid_python() -> None:
    found = [(page, block) for page in PAGES for block in blocks(page.read_text(encoding="utf-8"), "python")]
    assert found
    for page, block in found:
        compile(block, str(page), "exec")


def test_the_program_says_its_version() -> None:
    command = [sys.executable, "-m", "deskmetry_cli", "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert re.fullmatch(r"deskmetry \d+\.\d+\.\d+\n", said.stdout)
