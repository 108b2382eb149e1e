"""Security: whatever we write is for its owner only, and nobody's loaders or shells stand in the tree."""

from __future__ import annotations

import ast
import os
import re
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from deskmetry.settings.add import add_source
from deskmetry.settings.state import StateFile
from deskmetry.store import WriterLock, open_writer
from deskmetry.store.migrations import migrate, steps
from helpers_sync import desk, page, run, ticket

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(
    path for folder in ("core", "connectors", "metrics", "cli") for path in (ROOT / folder).rglob("*.py")
)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022], ids=["open umask", "usual umask"])
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


# --- files --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_umask")
def test_the_database_and_everything_beside_it_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "made" / "below" / "desk.db"
    with WriterLock(path), closing(open_writer(path)) as connection:
        connection.execute("CREATE TABLE more (x)")
        later = steps()

        @later(name="9999_later")
        def _later(database: Database) -> None:
            database.execute("ALTER TABLE tickets ADD COLUMN mood TEXT")

        migrate(connection, path, later)
        state = StateFile.beside(path)
        state.keep_secret("s1", "token", "seed", "new")
        state.keep_sizes("s1", {"/tickets": 100})
        made = {one.name.removeprefix("desk.db"): _mode(one) for one in path.parent.iterdir()}
    assert {"", "-wal", "-shm", ".lock", ".state"} <= set(made)
    assert any("backup" in name for name in made)
    assert set(made.values()) == {0o600}
    assert (_mode(path.parent), _mode(path.parent.parent)) == (0o700, 0o700)


@pytest.mark.usefixtures("_umask")
def test_a_whole_sync_leaves_nothing_that_others_can_read(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    run(folder, desk(page(ticket(1), token=1)))
    assert {_mode(one) for one in folder.iterdir()} == {0o600}
    assert _mode(folder) == 0o700


def test_a_state_file_that_is_replaced_stays_private(tmp_path: Path) -> None:
    state = StateFile(tmp_path / "desk.db.state")
    for number in range(3):
        state.keep_secret("s1", "token", "seed", f"new-{number}")
        assert _mode(state.path) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["desk.db.state"]


def test_a_configuration_that_only_its_owner_can_read_stays_so(tmp_path: Path) -> None:
    path = tmp_path / "deskmetry.toml"
    path.write_text("")
    path.chmod(0o600)
    add_source(path, "s1", "mailbox", {"path": "inbox.mbox"})
    assert _mode(path) == 0o600


# --- the tree -----------------------------------------------------------------------------------------

_LOADERS = {"pickle", "marshal", "shelve", "yaml", "dill", "jsonpickle", "cloudpickle", "ctypes"}
_CALLS = {"eval", "exec", "compile", "__import__"}


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def test_no_loader_that_runs_what_it_reads_and_no_shell_stands_in_the_tree() -> None:
    assert len(SOURCES) > 100
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert not _LOADERS & set(_imports(tree)), path
        for call in _calls(tree):
            called = ast.unparse(call.func)
            assert called not in _CALLS, (path, called)
            assert not re.match(r"os\.(system|popen|exec|spawn)|subprocess\.getoutput", called), (
                path,
                called,
            )
            assert not [word for word in call.keywords if word.arg == "shell"], (path, called)


def test_no_line_of_the_tree_turns_the_check_of_certificates_off() -> None:
    unchecked = "CERT_" + "NONE|_create_unverified|check_hostname *= *False|PYTHONHTTPS"
    found = []
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        assert not re.search(unchecked, text), path
        words = [word for call in _calls(ast.parse(text)) for word in call.keywords]
        found += [(path.name, ast.unparse(word.value)) for word in words if word.arg == "verify"]
    # Over TLS certificates are checked; without TLS there is a context that trusts nobody.
    assert found == [("transport.py", "True if secure else SSLContext(PROTOCOL_TLS_CLIENT)")]
