"""The public names of `deskmetry`: all there, all lazy, the same for type checkers and at run time."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import deskmetry
from deskmetry import records
from deskmetry.records import kinds

SOURCE = Path(deskmetry.__file__)


@pytest.mark.parametrize("name", deskmetry.__all__)
def test_every_public_name_can_be_had(name: str) -> None:
    assert getattr(deskmetry, name) is not None
    assert name in dir(deskmetry)


def test_type_checkers_see_the_same_names_as_the_run_time() -> None:
    tree = ast.parse(SOURCE.read_text())
    imports = [node for block in tree.body if isinstance(block, ast.If) for node in block.body]
    seen = {alias.name for node in imports if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert {*seen, "Json", "__version__"} == set(deskmetry.__all__)
    assert seen == set(deskmetry._MODULE_OF)


def test_every_record_and_every_kind_is_public() -> None:
    closed_lists = {
        name for name, value in vars(kinds).items() if isinstance(value, type) and name != "StrEnum"
    }
    assert {record.__name__ for record in records.RECORDS} <= set(deskmetry.__all__)
    assert closed_lists <= set(deskmetry.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Connektor'"):
        _ = deskmetry.Connektor


@pytest.mark.parametrize(
    "statement",
    [
        "import deskmetry",
        "from deskmetry import hookimpl, API_VERSION, __version__",
        "from deskmetry.plugins import Registry; Registry.load()",
        "from deskmetry.settings import load; load(required=False)",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(statement: str, tmp_path: Path) -> None:
    code = f"import sys, json\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"HOME": str(tmp_path)},
    )
    loaded = set(json.loads(done.stdout))
    assert not loaded & {"pydantic", "httpx", "keyring", "rich", "typer", "tenacity", "sqlite_utils"}
