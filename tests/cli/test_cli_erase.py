"""`erase` and `privacy apply`: a customer goes from a mailbox's database for good, and no number moves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deskmetry.store import WriterLock
from helpers_cli import ANNA, Answer, cli, letter, office, one_line, synced
from helpers_mail import mail, write_mbox

JANE = "jane@customer.example"
CANARY = (JANE, "Jane Doe")


def quoting(folder: Path) -> None:
    """Have Jane Doe write once more, and Anna quote her; Jane's name and address stand in a subject too."""
    inbox, sent = (folder / name for name in ("inbox.mbox", "sent.mbox"))
    asks = mail("I moved to Elm 1", from_=f"Jane Doe <{JANE}>", subject=f"Jane Doe, {JANE}",
                date="06 Mar 2026 09:00:00 +0000", message_id=f"<77${JANE}>")  # fmt: skip
    quote = mail(f"Dear Jane Doe,\n> {JANE} wrote: Elm 1", from_=ANNA, to=f"Jane Doe <{JANE}>",
                 subject=f"Re: Jane Doe, {JANE}", date="06 Mar 2026 11:00:00 +0000",
                 message_id="<78@mail.example>", in_reply_to=f"<77${JANE}>",
                 references=f"<77${JANE}>")  # fmt: skip
    write_mbox(folder / "more.mbox", [asks, quote])
    assert inbox.exists()
    assert sent.exists()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    config = office(tmp_path)
    quoting(tmp_path)
    config.write_text(config.read_text().replace('"sent.mbox"', '"sent.mbox", "more.mbox"'))
    assert cli("-c", config, "sync").code == 0
    return config


def holding(config: Path, *texts: str) -> set[str]:
    """Return the files of the database whose bytes hold one of the texts, in any case."""
    files = config.parent.glob("deskmetry.db*")
    return {
        path.name for path in files for text in texts if text.lower().encode() in path.read_bytes().lower()
    }


def answers(config: Path) -> dict[str, tuple[int, str]]:
    """Return the answers of all KPIs, by month and by new and returning customers."""
    names = [row["metric"] for row in cli("-c", config, "metrics", "-f", "json").json["rows"]]
    found: dict[str, tuple[int, str]] = {}
    for by in ("month", "customer"):
        for name in names:
            answer = cli("-c", config, "metric", name, "--by", by, "-f", "json")
            found[f"{name} by {by}"] = (answer.code, answer.out)
    assert any(code == 0 for code, _ in found.values())
    return found


def erase(config: Path, *arguments: str) -> Answer:
    return cli("-c", config, "erase", *arguments)


def test_a_customer_is_gone_from_every_file_and_no_kpi_moves(config: Path) -> None:
    before = answers(config)
    answer = erase(config, JANE, "--yes", "--in-texts", "-f", "json")
    assert answer.code == 0, answer.err
    assert answer.json["hits"] == 0
    assert {file["file"] for file in answer.json["files"]} >= {"deskmetry.db", "deskmetry.db.key"}
    assert answer.json["searched_for"] == {"address": 1, "name": 1, "telephone": 0}
    assert holding(config, *CANARY) == set()
    assert answers(config) == before


def test_reading_all_mail_again_doesnt_bring_them_back(config: Path) -> None:
    erase(config, JANE, "--yes", "--in-texts")
    before = answers(config)
    inbox = config.parent / "inbox.mbox"
    inbox.write_bytes(inbox.read_bytes() + b"From x Mon Mar 09 09:00:00 2026\n" + letter(
        99, "09 Mar 2026 09:00", f"Jane Doe <{JANE}>", f"From Jane Doe {JANE}"
    ) + b"\n")  # fmt: skip
    answer = cli("-c", config, "sync", "--full", "-f", "json")
    assert answer.code == 0
    assert holding(config, *CANARY) == set()
    assert len(answers(config)) == len(before)
    people = (
        "SELECT count(*) AS n, count(DISTINCT requester_id) AS who FROM tickets"
        " WHERE requester_id LIKE 'erased-%'"
    )
    assert cli("-c", config, "sql", people, "-f", "json").json["rows"] == [{"n": 3, "who": 1}]


def test_threads_are_the_same_after_a_rebuild(config: Path) -> None:
    threads = "SELECT count(*) AS n, count(DISTINCT ticket_id) AS t, sum(ticket_id IS NULL) FROM messages"
    before = cli("-c", config, "sql", threads, "-f", "json").out
    erase(config, JANE, "--yes")
    kpis = answers(config)
    assert cli("-c", config, "rebuild").code == 0
    assert cli("-c", config, "sql", threads, "-f", "json").out == before
    assert answers(config) == kpis


def test_a_preview_tells_what_would_change_and_changes_nothing(config: Path) -> None:
    database = config.parent / "deskmetry.db"
    before = database.read_bytes()
    answer = erase(config, JANE, "--preview", "-f", "json")
    assert answer.code == 0
    assert {"customers", "messages", "message_headers", "tickets"} <= {
        row["table"] for row in answer.json["rows"]
    }
    assert [place["id"].split("~")[0] for place in answer.json["texts_by_others"]] == ["78@mail.example"]
    shown = erase(config, JANE, "--preview").out
    assert "nothing did" in shown
    assert "--in-texts blanks them there" in shown
    assert database.read_bytes() == before
    assert not (config.parent / "deskmetry.db.key").exists()


def test_texts_by_others_are_told_of_and_kept(config: Path) -> None:
    answer = erase(config, JANE, "--yes", "-f", "json")
    assert answer.code == 0
    (database,) = [file for file in answer.json["files"] if file["file"] == "deskmetry.db"]
    assert {row["table"] for row in database["rows_named"]} == {"messages"}
    assert "1 texts by others name them" in erase(config, JANE, "--yes").out
    assert holding(config, *CANARY) == {"deskmetry.db"}
    erase(config, JANE, "--yes", "--in-texts")
    assert holding(config, *CANARY) == set()


def test_nobody_is_erased_unasked(config: Path) -> None:
    answer = erase(config, JANE)
    assert answer.code == 2
    assert "Add --yes" in answer.err
    assert "Rows that change" in answer.err
    assert holding(config, *CANARY) == {"deskmetry.db"}


@pytest.mark.parametrize(
    ("asked", "told"),
    [("nobody@x.example", "is nobody in this database"), ("anna@acme.example", "is an agent in inbox")],
)
def test_nobody_and_agents_end_with_what_to_do(config: Path, asked: str, told: str) -> None:
    line = one_line(erase(config, asked, "--yes"), 2)
    assert told in line
    assert "SOURCE:ID" in line or "deskmetry sync --full" in line


def test_it_waits_for_no_sync(config: Path) -> None:
    with WriterLock(config.parent / "deskmetry.db"):
        assert "is being written by" in one_line(erase(config, JANE, "--yes"), 6)
        assert erase(config, JANE, "--preview").code == 0


def test_without_a_database_there_is_nobody_to_erase(tmp_path: Path) -> None:
    config = office(tmp_path)
    for arguments in (["erase", JANE, "--yes"], ["erase", JANE, "--preview"], ["privacy", "apply"]):
        assert "`deskmetry sync` makes it" in one_line(cli("-c", config, *arguments), 2)


def test_a_search_that_finds_something_fails(config: Path) -> None:
    (config.parent / "deskmetry.db.copy").write_bytes(b"\0" + JANE.encode())
    answer = erase(config, JANE, "--yes", "-f", "json")
    assert answer.code == 8
    assert json.loads(answer.err)["error"]["code"] == "still_found"
    assert "deskmetry.db.copy" in answer.err


def test_tightened_settings_are_told_of_until_they_are_applied(tmp_path: Path) -> None:
    config = synced(tmp_path)
    config.write_text(config.read_text() + '\n[privacy]\nbodies = "drop"\npeople = "hash"\n')
    told = "inbox holds more than its privacy settings allow, stored before: `deskmetry privacy apply`."
    assert told in cli("-c", config, "sync").err
    answer = cli("-c", config, "privacy", "apply", "-f", "json")
    assert {row["table"] for row in answer.json["rows"]} >= {"messages", "customers", "tickets"}
    assert told not in cli("-c", config, "sync").err
    assert holding(config, JANE, "Hello") == set()
    assert holding(config, "anna@acme.example", "support@acme.example") == {"deskmetry.db"}
    assert "what the settings allow" in cli("-c", config, "privacy", "apply").out


def test_the_settings_of_privacy_are_shown(tmp_path: Path) -> None:
    config = office(tmp_path, head='privacy = { bodies = "cut" }')
    shown = cli("-c", config, "config", "show", "-f", "json").json["rows"]
    assert {row["setting"]: row["value"] for row in shown}["privacy.bodies"] == "cut"


def test_kpis_are_the_same_with_and_without_hashes(tmp_path: Path) -> None:
    (tmp_path / "hashed").mkdir()
    (tmp_path / "plain").mkdir()
    plain = synced(tmp_path / "plain")
    hashed = synced(tmp_path / "hashed", head='privacy = { people = "hash", bodies = "drop" }')
    assert holding(hashed, JANE, "bob@", "Hello") == set()
    assert answers(hashed) == answers(plain)
