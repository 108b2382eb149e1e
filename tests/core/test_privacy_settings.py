"""Texts and people are held back as the settings say, now and in what was stored before."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from deskmetry import facts, threads
from deskmetry.errors import BadSetting
from deskmetry.privacy import apply, stale
from deskmetry.records import Customer, RawRecord
from deskmetry.settings import Privacy, explain, load
from deskmetry.store import open_reader, open_writer
from helpers_privacy import ADDRESS, NAME, NUMBER, ask, contents, erased, helpdesk, proof, said
from helpers_sync import Desk, Inbox, at, desk, page, run, ticket

DROP, CUT, HASH = Privacy(bodies="drop"), Privacy(bodies="cut", cut_after=4), Privacy(people="hash")


def of_s1(privacy: Privacy) -> Mapping[str, Privacy]:
    return {"s1": privacy}


def applied(database: Path, privacy: Privacy) -> Mapping[str, int]:
    with closing(open_writer(database)) as connection:

        def refresh() -> None:
            threads.refresh(connection)
            facts.refresh(connection, "UTC")

        return apply(connection, of_s1(privacy), refresh)


@pytest.mark.parametrize(("privacy", "kept"), [(DROP, None), (CUT, "I am")])
def test_texts_are_cut_or_dropped_and_keep_their_length(
    tmp_path: Path, privacy: Privacy, kept: str | None
) -> None:
    run(tmp_path, helpdesk(), privacy=of_s1(privacy))
    database = tmp_path / "desk.db"
    assert ask(database, "SELECT body, length, redacted FROM messages WHERE id = 'm1'") == [(kept, 33, 0)]
    assert ask(database, "SELECT length(comment) FROM survey_answers") == [(None if kept is None else 4,)]
    # Nor do they lie where objects are kept as they came.
    assert sum(found.hits.total() for found in proof(database, address=["Elm 1", "of nobody"])) == 0
    assert ask(database, "SELECT count(DISTINCT raw) FROM quarantine") == [(2,)]


def test_a_message_without_a_length_gets_that_of_its_text(tmp_path: Path) -> None:
    run(tmp_path, desk(page(said("m", "7", "four words are here", length=None), mark=1)), privacy=of_s1(DROP))
    assert ask(tmp_path / "desk.db", "SELECT body, length FROM messages") == [(None, 19)]


def test_people_are_hashed_wherever_they_stand(tmp_path: Path) -> None:
    run(tmp_path, helpdesk(), privacy=of_s1(HASH))
    database = tmp_path / "desk.db"
    ((key, name, email, phone),) = ask(
        database, "SELECT id, name, email, phone FROM customers WHERE id = '7'"
    )
    assert (key, name[:7], email[:7], email[-15:], phone[:4]) == (
        "7",
        "hashed-",
        "hashed-",
        "@hashed.invalid",
        "+999",
    )
    assert ask(
        database, "SELECT custom_fields LIKE '%hashed-%', tags LIKE '%hashed-%' FROM tickets WHERE id = '1'"
    ) == [(1, 1)]
    assert ask(database, "SELECT name, email FROM agents") == [("Anna", "anna@acme.example")]
    left = {
        table
        for one in proof(database, address=[ADDRESS], telephone=["493012345678"])
        for _, table in one.named
    }
    assert left == {
        "messages",
        "tickets",
    }  # texts, and the number in a subject: bodies = "drop" is for the first


def test_the_same_address_is_the_same_person_in_two_sources(tmp_path: Path) -> None:
    other = page(
        Customer(id="x", email=f" {ADDRESS} "), ticket(1, requester_id="x"), mark=1, complete_until=at(99)
    )
    both = {"s1": HASH, "s2": HASH}
    run(tmp_path, helpdesk(), Desk(desk="two").says([other]), privacy=both)
    assert ask(
        tmp_path / "desk.db", "SELECT count(DISTINCT email) FROM customers WHERE id IN ('7', 'x')"
    ) == [(1,)]
    rows = "SELECT count(*) FROM ticket_facts GROUP BY person ORDER BY 1 DESC LIMIT 1"
    assert ask(tmp_path / "desk.db", rows) == [(2,)]


def test_mails_are_threaded_as_without_hashes(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    run(tmp_path / "plain", Inbox())
    run(tmp_path, Inbox(), privacy=of_s1(HASH))
    threaded = "SELECT id, ticket_id FROM messages ORDER BY id"
    events = "SELECT ticket_id, at, old, new FROM ticket_events ORDER BY id"
    for sql in (threaded, events):
        assert ask(tmp_path / "desk.db", sql) == ask(tmp_path / "plain" / "desk.db", sql)
    seen = ask(
        tmp_path / "desk.db",
        "SELECT DISTINCT counterpart LIKE 'hashed-%', from_address LIKE 'hashed-%' FROM message_headers",
    )
    assert seen == [(1, 1)]


@pytest.mark.parametrize("privacy", [DROP, CUT, HASH])
def test_what_was_stored_before_is_told_of_and_brought_to_the_settings(
    tmp_path: Path, privacy: Privacy
) -> None:
    (tmp_path / "new").mkdir()
    run(tmp_path / "new", helpdesk(), privacy=of_s1(privacy))
    run(tmp_path, helpdesk())
    database = tmp_path / "desk.db"
    with closing(open_reader(database)) as connection:
        assert stale(connection, of_s1(privacy)) == ["s1"]
        assert stale(connection, of_s1(Privacy())) == []
    assert applied(database, privacy)
    with closing(open_reader(database)) as connection:
        assert stale(connection, of_s1(privacy)) == []
    if privacy is not HASH:  # each database has a key of its own
        assert contents(database) == contents(tmp_path / "new" / "desk.db")
    assert applied(database, privacy) == {}
    before = contents(database)
    run(tmp_path, helpdesk(), full=True, privacy=of_s1(privacy))
    assert contents(database) == before


def test_dropped_texts_are_gone_from_the_bytes(tmp_path: Path) -> None:
    run(tmp_path, helpdesk())
    applied(tmp_path / "desk.db", DROP)
    assert sum(found.hits.total() for found in proof(tmp_path / "desk.db", address=["Elm 1"])) == 0


@pytest.mark.parametrize("asked", [ADDRESS, NUMBER, "7"])
def test_somebody_who_is_hashed_can_be_erased(tmp_path: Path, asked: str) -> None:
    both = of_s1(Privacy(people="hash", bodies="drop"))
    run(tmp_path, helpdesk(), privacy=both)
    database = tmp_path / "desk.db"
    assert erased(database, asked).person.customers == {(1, "7")}
    before = ask(database, "SELECT name LIKE 'erased-%', email LIKE 'erased-%' FROM customers WHERE id = '7'")
    assert before == [(1, 1)]
    all_ = contents(database)
    run(tmp_path, helpdesk(), full=True, privacy=both)
    assert contents(database)["messages"] == all_["messages"]
    assert (
        ask(database, "SELECT name LIKE 'erased-%', email LIKE 'erased-%' FROM customers WHERE id = '7'")
        == before
    )


def test_own_addresses_and_agents_arent_hashed(tmp_path: Path) -> None:
    own = Privacy(people="hash", own=("support@acme.example", "@team.example"))
    fields = {"to": "support+x@acme.example, tom@team.example, anna@acme.example, jim@x.example"}
    run(tmp_path, helpdesk(), privacy=of_s1(own))
    run(tmp_path, desk(page(ticket(5, custom_fields=fields), mark=99)), privacy=of_s1(own))
    ((text,),) = ask(tmp_path / "desk.db", "SELECT custom_fields FROM tickets WHERE id = '5'")
    assert text.startswith('{"to":"support+x@acme.example, tom@team.example, anna@acme.example, hashed-')


def test_without_settings_pages_pass_as_they_are(tmp_path: Path) -> None:
    from deskmetry.privacy import Filter

    run(tmp_path, helpdesk())
    with closing(open_writer(tmp_path / "desk.db")) as connection:
        pages = [page(ticket(1), mark=1)]
        assert Filter.open(connection, 1, Privacy()).applied(pages) is pages


def test_the_settings_are_read_and_a_source_may_differ(tmp_path: Path) -> None:
    file = tmp_path / "deskmetry.toml"
    file.write_text(
        '[privacy]\nbodies = "cut"\ncut_after = 80\npeople = "hash"\n[sources.a]\nconnector = "mailbox"\n'
        'addresses = ["support@acme.example"]\n[sources.b]\nconnector = "x"\nprivacy = { bodies = "drop" }\n'
    )
    settings = load(file, environ={})
    assert settings.privacy_of("a") == Privacy("cut", 80, "hash", ("support@acme.example",))
    assert settings.privacy_of("b") == Privacy("drop", 80, "hash")
    assert "privacy" not in settings.sources["b"].settings
    rows = {key: value for key, value, _ in explain(settings)}
    assert rows["privacy.bodies"] == "cut"
    assert rows["sources.b.privacy.bodies"] == "drop"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[privacy]\nbodies = "none"', "privacy.bodies: it must be one of keep, cut, drop"),
        ("[privacy]\npeople = true", "privacy.people: it must be one of keep, hash"),
        ("[privacy]\ncut_after = -1", "privacy.cut_after: it must be a whole number"),
        ('[privacy]\nbody = "drop"', "Did you mean 'bodies'"),
        ('[sources.a]\nconnector = "x"\nprivacy = { people = "hash" }', "sources.a.privacy.people"),
        ("privacy = 1", "it must be a table"),
    ],
)
def test_a_wrong_setting_is_told_with_what_to_write(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "deskmetry.toml").write_text(text)
    with pytest.raises(BadSetting, match=told):
        load(tmp_path / "deskmetry.toml", environ={})


def test_an_object_is_known_again_by_its_digest(tmp_path: Path) -> None:
    twice = desk(page(RawRecord(id="r", stream="s", kind="k", raw={"name": NAME}), mark=1))
    run(tmp_path, twice, privacy=of_s1(DROP))
    report = run(tmp_path, twice, full=True, privacy=of_s1(DROP))
    assert report.sources[0].streams[0].written.same == 1
