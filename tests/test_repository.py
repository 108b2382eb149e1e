"""Conventions of the repository that a reviewer would otherwise repeat."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (
    "core/deskmetry",
    "connectors/deskmetry_connectors",
    "metrics/deskmetry_metrics",
    "cli/deskmetry_cli",
)
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
PYTHON = [
    *MODULES,
    *TESTS,
    *sorted((ROOT / "benchmarks").rglob("*.py")),
    *sorted((ROOT / "examples").rglob("*.py")),
]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tracked() -> Iterator[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        assert "CI" not in os.environ, "CI must see what belongs to the repository"
        pytest.skip("not a git checkout: nothing says which files belong to the repository")
    for name in listed.stdout.split("\0"):
        path = ROOT / name
        if name and path.is_file():
            yield path


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_no_file_is_longer_than_400_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_function_is_longer_than_50_lines(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    # The signature doesn't count: a command's is the list of its options.
    lengths = {
        node.name: (node.body[-1].end_lineno or 0) - node.body[0].lineno + 1
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: length for name, length in lengths.items() if length > 50} == {}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_says_what_it_is_in_its_first_line(path: Path) -> None:
    doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert doc, "no docstring"
    assert re.match(r"[A-Z].*\.$", doc.splitlines()[0]), doc.splitlines()[0]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_changes_a_module_while_the_program_runs(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Global)]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_is_left_unfinished(path: Path) -> None:
    marks = ("NotImplemented" + "Error", "TO" + "DO", "FIX" + "ME", "X" + "XX")
    text = path.read_text(encoding="utf-8")
    assert not [mark for mark in marks if re.search(rf"\b{mark}\b", text)]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_pickle_no_eval_no_exec(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    called = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert not called & {"eval", "exec"}
    assert not imported & {"pickle", "marshal", "shelve", "yaml"}


def test_packages_are_typed_and_their_folders_are_no_packages() -> None:
    for package in PACKAGES:
        assert (ROOT / package / "py.typed").is_file()
        assert not (ROOT / package).parent.joinpath("__init__.py").exists()


def test_test_modules_have_names_of_their_own() -> None:
    names = [path.name for path in TESTS]
    assert sorted(names) == sorted(set(names))


def test_no_registry_host_and_no_path_of_a_machine_stands_in_any_file() -> None:
    hosts = "|".join(
        ["py" + r"pi\.org", "python" + "hosted", r"registry\.npm" + "js", r"deb\.deb" + r"ian\.org"]
    )
    places = "/wo" + "rk/(main|shared)|/ro" + "ot/|/fa" + "rm/"
    pattern = re.compile(f"{hosts}|{places}")
    found = [
        name_of(path)
        for path in tracked()
        if path.suffix not in (".mbox", ".png")
        and pattern.search(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert not found


def test_lock_files_with_addresses_stay_out() -> None:
    assert not [
        name_of(path) for path in tracked() if path.name in ("uv.lock", "poetry.lock", "Pipfile.lock")
    ]


def test_the_changelog_has_a_place_for_what_comes_next() -> None:
    assert "\n## Unreleased\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
