"""The page for a first connector is followed to the letter: every command run, every file written and run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "first_connector.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[str, str]]:
    """Return the page's blocks: their language and their text."""
    return _BLOCK.findall(PAGE.read_text(encoding="utf-8"))


def run(command: str, folder: Path) -> str:
    """Run a command of the page as a reader would; a path does what installing the package would do."""
    words = command.split()
    if words[0] == "pytest":
        words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    elif words[0] == "deskmetry":
        plugin = folder / "deskmetry_harbour_desk" / "__init__.py"
        installed = ["--plugin", str(plugin.parent.parent / "plugin.py")] if plugin.exists() else []
        words = [sys.executable, "-m", "deskmetry_cli", *installed, *words[1:]]
    else:
        assert words[0] == "python", command
        words[0] = sys.executable
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"$ {command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Follow the page from top to bottom; return what each command printed last."""
    folder = tmp_path_factory.mktemp("first")
    heard: dict[str, str] = {}
    for language, text in blocks():
        if language == "console":
            for line in text.splitlines():
                command = line.removeprefix("$ ")
                if command.startswith("cd "):
                    folder /= command.removeprefix("cd ")
                    # Loaded as a plugin: to install it would change the interpreter of these tests.
                    (folder / "plugin.py").write_text(
                        "from deskmetry_harbour_desk import register_connectors\n"
                    )
                elif not command.startswith("pip install"):
                    heard[command] = run(command, folder)
        else:
            assert language == "python"
            name, code = text.split("\n", 1)
            path = folder / name.removeprefix("# ")
            path.write_text(code, encoding="utf-8")
            if path.parent == folder:
                heard[path.name] = run(f"python {path.name}", folder)
    heard["folder"] = str(folder)
    return heard


def test_every_step_of_the_page_works(said: dict[str, str]) -> None:
    assert "gold" in said["deskmetry grade harbour-desk --at-least gold"].lower()
    assert " passed" in said["pytest"]
    assert "records, up to 2026-03-02" in said["try_it.py"]


def test_what_it_leads_to_is_typed_and_tidy(said: dict[str, str]) -> None:
    for words in (
        ["mypy", "deskmetry_harbour_desk", "tests", "try_it.py"],
        [
            "ruff",
            "check",
            "--isolated",
            "--line-length",
            "110",
            "--select",
            "E,F,I,W,UP,B",
            "deskmetry_harbour_desk",
            "tests",
            "try_it.py",
        ],
        [
            "ruff",
            "format",
            "--isolated",
            "--line-length",
            "110",
            "--check",
            "deskmetry_harbour_desk",
            "tests",
        ],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *words], cwd=said["folder"], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout


def test_the_page_names_no_language_that_is_not_run() -> None:
    assert {language for language, _text in blocks()} == {"console", "python"}
