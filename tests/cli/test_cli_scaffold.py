"""`new connector` writes a package whose tests, types and grade hold as it stands."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from helpers_cli import cli, one_line


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new") / "harbour-desk"
    answer = cli("new", "connector", "harbour-desk", "--folder", folder)
    assert answer.code == 0, answer.err
    assert "deskmetry grade harbour-desk" in answer.err
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_the_package_has_what_a_package_needs(package: Path) -> None:
    found = {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()}
    inner = {
        f"deskmetry_harbour_desk/{name}" for name in ("__init__.py", "connector.py", "trial.py", "py.typed")
    }
    assert found >= inner | {"README.md", "pyproject.toml", "tests/test_contract.py", "tests/test_mapping.py"}
    assert not [path for path in found if "$" in (package / path).read_text(encoding="utf-8")]
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"] == {"deskmetry": {"harbour-desk": "deskmetry_harbour_desk"}}


def test_its_tests_pass_as_it_stands(package: Path) -> None:
    done = run(package, "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist")
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_it_is_typed_and_tidy(package: Path) -> None:
    typed = run(package, "mypy", "deskmetry_harbour_desk", "tests")
    assert typed.returncode == 0, typed.stdout
    for command in (("check", "--select", "E,F,I,W,UP,B"), ("format", "--check")):
        tidy = run(package, "ruff", *command, "--isolated", "--line-length", "110", ".")
        assert tidy.returncode == 0, tidy.stdout


def test_a_change_for_the_worse_fails_its_tests(package: Path) -> None:
    code = package / "deskmetry_harbour_desk" / "connector.py"
    good = code.read_text(encoding="utf-8")
    try:
        code.write_text(good.replace('next_url="next"', 'next_url="more"'), encoding="utf-8")
        done = run(package, "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", "first_read")
    finally:
        code.write_text(good, encoding="utf-8")
    assert done.returncode == 1, done.stdout


@pytest.mark.parametrize(
    ("name", "said"), [("zendesk", "already"), ("Foo", "'Foo'"), ("1st", "'1st'"), ("import", "'import'")]
)
def test_a_name_that_can_not_be_is_refused(tmp_path: Path, name: str, said: str) -> None:
    line = one_line(cli("new", "connector", name, "--folder", tmp_path / "new"), 2)
    assert said in line
    assert not (tmp_path / "new").exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    line = one_line(cli("new", "connector", "harbour", "--folder", tmp_path), 2)
    assert "--folder" in line
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
