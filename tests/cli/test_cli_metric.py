"""Tests of `metric` and `waiting`: what they answer, and what they say where there is no answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from helpers_cli import cli, configured, office, one_line, rows, synced
from helpers_mail import write_maildir, write_mbox


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synced(tmp_path_factory.mktemp("office"))


def total(config: Path, *question: str) -> dict[str, Any]:
    answer = cli("-c", config, "metric", *question, "-f", "json")
    assert answer.code == 0, answer.err
    found: dict[str, Any] = answer.json["total"]
    return found


MARCH = ("--since", "2026-03", "--until", "2026-04-01")
HOUR = 3_600_000


def test_several_metrics_are_a_list_in_json_and_one_is_an_object(config: Path) -> None:
    both = cli("-c", config, "metric", "ticket_volume", "first_response_time", *MARCH, "-f", "json").json
    assert [(item["metric"], item["total"]["value"], item["total"]["n"]) for item in both] == [
        ("ticket_volume", 3, 3),
        ("first_response_time", 4 * HOUR, 2),
    ]
    assert total(config, "unanswered_rate", *MARCH)["value"] == pytest.approx(1 / 3)


def test_two_dimensions_and_the_total_come_as_flat_rows(config: Path) -> None:
    question = ("metric", "first_response_time", "--by", "month", "--by", "agent", *MARCH, "-f", "jsonl")
    found = [
        (row["month"], row["agent"], row["value"], row["total"]) for row in rows(cli("-c", config, *question))
    ]
    assert ("2026-03", "Anna Keller", 2 * HOUR, False) in found
    assert ("2026-03", "Tom Okafor", 6 * HOUR, False) in found
    assert found[-1] == (None, None, 4 * HOUR, True)


def test_filters_statistics_and_periods_are_passed_on(config: Path) -> None:
    assert total(config, "ticket_volume", "--where", "agent=Tom Okafor", *MARCH)["value"] == 1
    assert total(config, "ticket_volume", "--where", "agent!=Tom Okafor", *MARCH)["value"] == 2
    assert total(config, "first_response_time", "--stat", "max", *MARCH)["value"] == 6 * HOUR
    assert total(config, "ticket_volume", "--last", "30d")["value"] == 1
    assert total(config, "ticket_volume", "--since", "2026-03-02")["value"] == 4
    assert (
        total(config, "unanswered_rate", "--as-of", "2026-03-03T09:00+00:00", "--since", "2026-03")["n"] == 1
    )


def test_a_day_is_a_day_of_the_zone_that_was_asked_for(config: Path) -> None:
    question = ("--since", "2026-03-01", "--until", "2026-03-02")
    assert total(config, "ticket_volume", *question)["n"] == 0
    # 2 March, 9:00 UTC is still the day before where the day ends last.
    assert total(config, "ticket_volume", *question, "--timezone", "Etc/GMT+12")["n"] == 1


@pytest.mark.parametrize(
    "given",
    [
        ("--grace", "12h"),
        ("--grace=12h",),
        ("--param", "grace=12h"),
        ("--param", "unanswered_rate.grace=12h"),
    ],
    ids=" ".join,
)
def test_a_parameter_can_be_given_in_each_of_its_forms(config: Path, given: tuple[str, ...]) -> None:
    answer = cli("-c", config, "metric", "unanswered_rate", *given, *MARCH, "-f", "json")
    assert answer.code == 0, answer.err
    assert answer.json["parameters"] == {"grace": "12h"}


def test_explain_shows_definition_statement_and_samples(config: Path) -> None:
    out = cli("-c", config, "metric", "unanswered_rate", "--explain", *MARCH).out
    for piece in ("no human reply", "3 counted.", "SELECT", ":grace = 86400000", "Where is my order?"):
        assert piece in out
    assert "(2026-03-01 00:00)" in out  # the bound instants are told as people read them
    as_json = cli("-c", config, "metric", "unanswered_rate", "--explain", *MARCH, "-f", "json").json
    assert (as_json["schema_version"], as_json["counted"], len(as_json["tickets"])) == (1, 3, 3)


def test_tickets_lists_what_is_behind_a_number_the_latest_first_up_to_the_limit(config: Path) -> None:
    question = ("metric", "first_response_time", "--tickets", *MARCH, "-f", "jsonl")
    found = rows(cli("-c", config, *question))
    assert [(row["subject"], row["value"], row["unit"]) for row in found] == [
        ('Invoice; it\'s "wrong"', 6 * HOUR, "ms"),
        ("Where is my order?", 2 * HOUR, "ms"),
    ]
    assert found[0]["created_at"] == "2026-03-03T10:00:00+00:00"
    assert len(rows(cli("-c", config, *question, "--limit", "1"))) == 1


@pytest.mark.parametrize("value", ["x' OR 1=1 --", "a;DROP TABLE tickets", 'say "so"', "Ünï", "%", "a\nb"])
def test_a_filter_is_only_ever_a_value(config: Path, value: str) -> None:
    answer = cli("-c", config, "metric", "unanswered_rate", f"--where=brand={value}", *MARCH, "-f", "json")
    assert answer.code == 0, answer.err
    assert (answer.json["total"]["n"], answer.json["total"]["value"]) == (0, None)
    assert answer.json["total"]["reason"]
    assert total(config, "ticket_volume", *MARCH)["value"] == 3


def test_an_empty_mailbox_gives_no_value_with_a_reason_never_a_zero_share(tmp_path: Path) -> None:
    write_maildir(tmp_path / "mail", [])
    config = configured(
        tmp_path, office(tmp_path).read_text().replace('["inbox.mbox", "sent.mbox"]', '"mail"')
    )
    assert cli("-c", config, "sync").code == 0
    for name in ("unanswered_rate", "first_response_time", "replies_per_ticket", "channel_share"):
        answer = cli("-c", config, "metric", name, "--by", "month", "-f", "json")
        assert answer.code == 0, answer.err
        assert answer.json["total"]["value"] is None
        assert answer.json["total"]["reason"]
        assert "–" in cli("-c", config, "metric", name).out
    assert cli("-c", config, "waiting").code == 0
    assert cli("-c", config, "status").code == 0
    assert cli("-c", config, "metric", "ticket_volume", "--tickets").out.endswith(
        "No ticket is behind it in this period.\n"
    )


def test_before_the_first_sync_a_metric_says_how_to_make_the_database(tmp_path: Path) -> None:
    config = office(tmp_path)
    line = one_line(cli("-c", config, "metric", "ticket_volume"), 2)
    assert "There is no database" in line
    assert "`deskmetry sync` makes it" in line


# --- agents = "hidden" ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synced(tmp_path_factory.mktemp("hidden"), head='agents = "hidden"')


@pytest.mark.parametrize(
    "question",
    [("--by", "agent"), ("--where", "agent=Tom Okafor"), ("--where", "agent !=Tom Okafor")],
    ids=" ".join,
)
def test_where_agents_are_hidden_numbers_of_single_agents_are_refused(
    hidden: Path, question: tuple[str, ...]
) -> None:
    answer = cli("-c", hidden, "metric", "first_response_time", *question, "-f", "json")
    assert (answer.code, answer.out) == (2, "")
    assert 'agents = "hidden"' in answer.error["message"]


def test_where_agents_are_hidden_no_answer_holds_a_name_of_one(hidden: Path) -> None:
    for question in (
        ("metric", "first_response_time", "--by", "team"),
        ("metric", "first_response_time", "--explain"),
        ("metric", "first_response_time", "--tickets"),
        ("waiting",),
        ("status",),
    ):
        for kind in ("table", "json"):
            answer = cli("-c", hidden, *question, "-f", kind)
            assert answer.code == 0, answer.err
            for name in ("Anna", "Tom", "anna@", "tom@"):
                assert name not in answer.out + answer.err


# --- waiting ----------------------------------------------------------------------------------------


def test_waiting_lists_unanswered_customers_longest_first(config: Path) -> None:
    answer = cli("-c", config, "waiting", "-f", "json").json
    assert (answer["schema_version"], answer["total"]) == (1, 1)
    (row,) = answer["rows"]
    assert row["customer"] == "Eve"
    assert row["waiting_since"] == "2026-03-04T09:00:00+00:00"
    assert row["waited_ms"] == 48 * 24 * HOUR + 1
    out = cli("-c", config, "waiting").out
    assert "1 waits in all." in out
    assert "inbox as of 2026-04-21 09:00." in out


def test_waiting_takes_only_known_sources(config: Path) -> None:
    assert cli("-c", config, "waiting", "--source", "inbox", "-f", "json").json["total"] == 1
    assert "Did you mean 'inbox'?" in one_line(cli("-c", config, "waiting", "--source", "inbx"), 2)


def test_a_source_that_was_never_read_to_its_end_is_not_a_reason_to_say_that_nobody_waits(
    tmp_path: Path,
) -> None:
    config = office(tmp_path)
    write_mbox(tmp_path / "sent.mbox", []).unlink()
    assert cli("-c", config, "sync").code == 1
    answer = cli("-c", config, "waiting")
    assert "inbox is left out: it was never synced completely." in answer.out
    volume = cli("-c", config, "metric", "ticket_volume", "-f", "json").json["total"]
    assert (volume["value"], volume["reason"]) == (None, "no source concerned was ever synced completely")


def test_a_changed_time_zone_counts_at_once(tmp_path: Path) -> None:
    config = synced(tmp_path)
    configured(tmp_path, config.read_text().replace('"UTC"', '"Asia/Tokyo"'))
    answer = cli("-c", config, "metric", "ticket_volume", *MARCH, "-f", "json").json
    assert answer["period"]["timezone"] == "Asia/Tokyo"
    assert answer["period"]["since"] == "2026-03-01T00:00:00+09:00"


def test_behind_a_score_stand_who_answered_and_what(tmp_path: Path) -> None:
    (tmp_path / "form.csv").write_text(
        "id,kind,mail,at,points\n1,nps,eva@shop.example,2026-03-02T09:00:00Z,9\n"
        "2,nps,,2026-03-03T09:00:00Z,6\n3,csat,max@shop.example,2026-03-04T09:00:00Z,4\n"
    )
    columns = (
        'id = "id", kind = "kind", customer_email = "mail", answered_at = "at", score = "points",'
        ' scale_min = { column = "kind", map = { nps = "0", csat = "1" } },'
        ' scale_max = { column = "kind", map = { nps = "10", csat = "5" } }'
    )
    text = '[sources.form]\nconnector = "table"\npath = "form.csv"\ninto = "survey_answers"\n'
    config = configured(tmp_path, f"{text}columns = {{ {columns} }}\n")
    assert cli("-c", config, "sync").code == 0
    answer = cli("-c", config, "metric", "nps", "--tickets", *MARCH)
    header, _, *lines = answer.out.splitlines()[1:]
    assert header.split() == ["source", "ticket", "subject", "answered_at", "value"]
    assert [line.split() for line in lines] == [
        ["form", "(none)", "(no", "subject)", "2026-03-03", "09:00", "6"],
        ["form", "(none)", "eva@shop.example", "2026-03-02", "09:00", "9"],
    ]
    rated = cli("-c", config, "metric", "csat", "--tickets", *MARCH)
    assert rated.out.splitlines()[-1].split()[2:] == [
        "max@shop.example",
        "2026-03-04",
        "09:00",
        "4",
        "of",
        "5",
        "1",
    ]
    (row,) = rows(cli("-c", config, "metric", "csat", "--tickets", *MARCH, "-f", "jsonl"))
    assert (row["customer"], row["answer"], row["value"]) == ("max@shop.example", "4 of 5", 1)
    assert (
        "form (none): eva@shop.example · answered_at"
        in cli("-c", config, "metric", "nps", "--explain", *MARCH).out
    )
