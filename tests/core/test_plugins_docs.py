"""The pages about plugins and exit codes say what the code does, and their examples run."""

from __future__ import annotations

import inspect
import re
import sqlite3
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pluggy
import pytest

from deskmetry import Cursor
from deskmetry.errors import ExitCode
from deskmetry.plugins import Registry, spec
from deskmetry.plugins.loader import hook_names
from deskmetry.settings import build_source, load
from helpers_http import Visit, loopback

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
EXAMPLES = ROOT / "examples"


def hooks() -> tuple[str, ...]:
    manager = pluggy.PluginManager("deskmetry")
    manager.add_hookspecs(spec)
    return hook_names(manager)


def test_there_are_six_hooks() -> None:
    assert set(hooks()) == {
        "register_connectors", "register_metrics", "register_commands", "prepare_connection", "sync_finished",
        "doctor_checks",
    }  # fmt: skip


@pytest.mark.parametrize("name", hooks())
def test_every_hook_is_documented_with_its_signature_and_first_line(name: str) -> None:
    function = getattr(spec, name)
    found = re.search(rf"^### `({name}\([^`\n]*)`\n\n(.*?)(?=\n#)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    signature = str(inspect.signature(function)).replace("'", "")
    assert found[1] == f"{name}{signature}"
    line = (function.__doc__ or "").strip()
    assert "\n" not in line
    assert line.rstrip(".") in " ".join(found[2].split())


def test_no_hook_is_documented_that_is_not_there() -> None:
    assert set(re.findall(r"^### `(\w+)\(", PAGE, re.MULTILINE)) == set(hooks())


@pytest.mark.parametrize("name", ["acmedesk", "reopened_tickets"])
def test_the_page_shows_the_examples_as_they_are(name: str) -> None:
    assert f"```python\n{(EXAMPLES / f'{name}.py').read_text(encoding='utf-8')}```" in PAGE


def test_the_examples_load_and_bring_what_they_say() -> None:
    files = [EXAMPLES / "acmedesk.py", EXAMPLES / "reopened_tickets.py"]
    registry = Registry.load(files=files, environ={"DESKMETRY_PLUGINS": "none"})
    assert list(registry.connectors()) == ["acmedesk"]
    assert list(registry.metrics()) == ["reopened_tickets"]
    assert {info.name: info.status for info in registry.describe()} | {
        "acmedesk": "ok",
        "reopened_tickets": "ok",
    } == {
        "acmedesk": "ok",
        "reopened_tickets": "ok",
        "none": "failed",
    }


def test_the_example_metric_takes_no_name_of_a_built_in() -> None:
    registry = Registry.load(files=[EXAMPLES / "reopened_tickets.py"], environ={})
    assert registry.metrics()["reopened_tickets"].__module__.startswith("deskmetry_file_")


def test_the_example_connector_maps_a_ticket() -> None:
    registry = Registry.load(files=[EXAMPLES / "acmedesk.py"], environ={"DESKMETRY_PLUGINS": "none"})
    desk = registry.connectors()["acmedesk"].model_validate(
        {"url": "https://acme.example", "token": "canary"}
    )
    row = {
        "id": 7,
        "title": "Help",
        "state": "open",
        "created": "2025-01-01T10:00:00Z",
        "updated_at": "2025-01-02T10:00:00Z",
    }
    page = desk.page([row, {"id": 8}], getattr(desk, "ticket"), watermark="updated_at")  # noqa: B009
    (ticket,) = page.records
    assert (ticket.id, ticket.model_dump()["status"]) == ("7", "open")
    assert page.cursor is not None
    assert page.cursor.watermark == datetime(2025, 1, 2, 10, tzinfo=UTC)
    assert [rejected.reason for rejected in page.rejected] == ["the field 'title' is missing"]
    assert desk.headers() == {"Authorization": "Bearer canary"}
    assert "canary" not in repr(desk)


def test_the_example_connector_reads_page_after_page_from_where_it_stopped(tmp_path: Path) -> None:
    asked: list[dict[str, str]] = []

    def answer(visit: Visit) -> None:
        asked.append({"authorization": visit.headers["Authorization"], **visit.params})
        day = 2 if "page" in visit.params else 1
        row = {"id": day, "title": "Help", "state": "open", "created": "2025-01-01T00:00:00Z"}
        row["updated_at"] = f"2025-01-0{day}T10:00:00Z"
        visit.json({"data": [row], "next": "/tickets?page=2" if day == 1 else None})

    with loopback(answer) as url:
        (tmp_path / "deskmetry.toml").write_text(
            f'[sources.acme]\nconnector = "acmedesk"\nurl = "{url}"\ntoken = {{ env = "ACMEDESK_TOKEN" }}\n'
        )
        connectors = Registry.load(
            files=[EXAMPLES / "acmedesk.py"], environ={"DESKMETRY_PLUGINS": "none"}
        ).connectors()
        settings = load(tmp_path / "deskmetry.toml", environ={})
        desk = build_source(settings, "acme", connectors, environ={"ACMEDESK_TOKEN": "canary"})
        try:
            since = Cursor(None, datetime(2025, 1, 1, tzinfo=UTC))
            pages = list(desk.read("tickets", since))
        finally:
            desk.close()
    assert [[record.id for record in page.records] for page in pages] == [["1"], ["2"]]
    assert pages[-1].cursor == Cursor(None, datetime(2025, 1, 2, 10, tzinfo=UTC))
    assert asked[0] == {"authorization": "Bearer canary", "updated_since": asked[0]["updated_since"]}
    assert asked[0]["updated_since"].startswith("2025-01-01T00:00:00")


def test_the_toml_on_the_page_is_toml() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 2
    assert tomllib.loads(blocks[0])["sources"]["acme"]["connector"] == "acmedesk"
    assert "deskmetry" in tomllib.loads(blocks[1])["project"]["entry-points"]


def test_prepare_connection_adds_sql_functions(tmp_path: Path) -> None:
    (tmp_path / "words.py").write_text(
        "from deskmetry import hookimpl\n@hookimpl\ndef prepare_connection(connection):\n"
        "    connection.create_function('words', 1, lambda text: len(text.split()))\n"
    )
    registry = Registry.load(folder=tmp_path, environ={"DESKMETRY_PLUGINS": "words"})
    connection = sqlite3.connect(":memory:")
    try:
        registry.call("prepare_connection", connection=connection)
        assert connection.execute("SELECT words('three short words')").fetchone() == (3,)
    finally:
        connection.close()


def test_every_exit_code_is_documented() -> None:
    page = (ROOT / "docs" / "exit_codes.md").read_text(encoding="utf-8")
    documented = {int(code): name for code, name in re.findall(r"^\| (\d+) \| (\w+) \|", page, re.MULTILINE)}
    assert documented == {code.value: code.name.lower() for code in ExitCode}
