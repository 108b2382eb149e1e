"""Tests of the demo's story: its rhythm, its staff, its bad week and its better end."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

import pytest

from deskmetry_cli.demo.company import ASKING, DemoCompany, Kind, Letter, Thread, count
from deskmetry_cli.demo.story import tell

UNTIL = date(2026, 11, 22)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(scope="module")
def company() -> DemoCompany:
    return tell(7, UNTIL)


def requests(company: DemoCompany) -> list[Thread]:
    return [thread for thread in company.threads if thread.kind in ASKING]


def opened(thread: Thread) -> datetime:
    return datetime.fromtimestamp(thread.letters[0].at, BERLIN)


def hours_to_reply(threads: list[Thread]) -> float:
    waits = []
    for thread in threads:
        replies = [letter.at for letter in thread.letters if letter.kind is Kind.REPLY]
        if replies:
            waits.append((replies[0] - thread.letters[0].at) / 3600)
    return median(waits)


def within(company: DemoCompany, first: date, days: int) -> list[Thread]:
    return [thread for thread in requests(company) if 0 <= (opened(thread).date() - first).days < days]


def test_the_story_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    assert tell(3, UNTIL, 300) == tell(3, UNTIL, 300)
    assert tell(3, UNTIL, 300).threads != tell(4, UNTIL, 300).threads


def test_the_story_has_the_promised_size(company: DemoCompany) -> None:
    assert 1_700 <= company.truth.customer_threads <= 2_100
    assert 6_000 <= company.truth.mails <= 9_000
    assert 1_200 <= company.desk.truth().tickets <= 1_600


def test_the_story_begins_with_a_month_and_nothing_happens_after_its_end(company: DemoCompany) -> None:
    begin = datetime(2025, 11, 1, tzinfo=BERLIN).timestamp()
    end = datetime(2026, 11, 22, tzinfo=BERLIN).timestamp()
    instants = [letter.at for thread in company.threads for letter in thread.letters]
    assert begin <= min(instants) < begin + 2 * 86_400
    assert max(instants) == end - 30


def test_the_letters_of_a_thread_stand_in_order_of_time(company: DemoCompany) -> None:
    for thread in company.threads:
        instants = [letter.at for letter in thread.letters]
        assert instants == sorted(instants)


def test_mondays_are_busiest_and_weekends_and_nights_quiet(company: DemoCompany) -> None:
    weekdays = Counter(opened(thread).weekday() for thread in requests(company))
    total = sum(weekdays.values())
    assert max(weekdays, key=lambda day: weekdays[day]) == 0
    assert 0.08 < (weekdays[5] + weekdays[6]) / total < 0.2
    nights = sum(opened(thread).hour < 6 for thread in requests(company))
    assert 0 < nights / total < 0.05


def test_the_weeks_before_christmas_are_busier_than_those_of_february(company: DemoCompany) -> None:
    before_christmas = len(within(company, date(2025, 12, 1), 21))
    assert before_christmas > 1.4 * len(within(company, date(2026, 2, 2), 21))


def test_in_the_bad_week_volume_doubles_and_replies_take_more_than_twice_as_long(
    company: DemoCompany,
) -> None:
    bad = company.truth.bad_week
    assert bad.weekday() == 0
    assert 63 <= (UNTIL - bad).days <= 80
    before = within(company, bad - timedelta(days=28), 28)
    assert 1.6 < len(within(company, bad, 7)) / (len(before) / 4) < 2.6
    assert hours_to_reply(within(company, bad, 7)) > 2 * hours_to_reply(before)


def test_the_last_two_months_are_answered_faster_than_the_summer(company: DemoCompany) -> None:
    better = within(company, company.truth.better_from, 61)
    assert hours_to_reply(better) < 0.6 * hours_to_reply(within(company, date(2026, 6, 1), 61))


def test_replies_come_from_those_who_work_then(company: DemoCompany) -> None:
    seen: dict[str, list[date]] = {agent.name: [] for agent in company.agents}
    for thread in company.threads:
        for letter in thread.letters:
            if letter.agent is not None:
                at = datetime.fromtimestamp(letter.at, BERLIN)
                hours = letter.agent.works(at.date())
                assert hours is not None
                assert hours[0] <= at.hour + at.minute / 60 < hours[1]
                seen[letter.agent.name].append(at.date())
    assert len(seen) == 8
    assert max(seen["Lea Fischer"]) < date(2026, 5, 1)
    assert min(seen["Emre Demir"]) >= company.truth.better_from
    week = {company.truth.bad_week + timedelta(days=n) for n in range(7)}
    assert not week & {*seen["Jonas Brandt"], *seen["Tom Okafor"]}


@pytest.mark.parametrize("until", [date(2024, 2, 29), date(2026, 1, 1), date(2026, 4, 30), date(2026, 5, 1)])
def test_the_story_can_end_on_any_day(until: date) -> None:
    company = tell(7, until, 600)
    assert company.since == date(until.year - 1, until.month, 1)
    assert company.truth.customer_threads > 240
    assert company.desk.truth().tickets > 160
    assert company.truth.replies_by_agent["Lea Fischer"] > 0


def test_every_kind_of_mail_occurs(company: DemoCompany) -> None:
    kinds = {letter.kind for thread in company.threads for letter in thread.letters}
    assert kinds == set(Kind)
    truth = company.truth
    for number in (truth.copies, truth.unanswered_threads, truth.elsewhere_threads, truth.reopened_threads):
        assert number > 0
    for number in (truth.spam_in_inbox, truth.without_headers, truth.two_address_threads):
        assert number > 0
    assert set(truth.topics) == {"delivery", "refund", "damaged", "size", "invoice", "login", "praise"}


def letters(*kinds_and_days: tuple[Kind, int]) -> Thread:
    begin = int(datetime(2026, 3, 2, 9, tzinfo=UTC).timestamp())
    rows = [Letter(begin + day * 86_400, kind, "", "a@b.example") for kind, day in kinds_and_days]
    return Thread("Bell", "support", rows, topic="size")


def test_a_thread_counts_as_reopened_only_after_seven_silent_days() -> None:
    quick = letters((Kind.CUSTOMER, 0), (Kind.REPLY, 1), (Kind.CUSTOMER, 7))
    late = letters((Kind.CUSTOMER, 0), (Kind.REPLY, 1), (Kind.CUSTOMER, 9))
    absent = letters((Kind.CUSTOMER, 0), (Kind.REPLY, 1), (Kind.AUTO_REPLY, 9))
    assert [count([thread]).reopened_threads for thread in (quick, late, absent)] == [0, 1, 0]
    assert count([quick, absent]).answered_threads == 2
