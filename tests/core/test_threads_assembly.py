from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskmetry.connector import MailRules
from deskmetry.threads import Mail, assemble
from helpers_threads import ANNA, BERT, RULES, groups, mail, reply, together

LAMP: dict[str, Any] = {"subject": "Lamp"}
RE_LAMP: dict[str, Any] = {"subject": "Re: Lamp"}


def test_references_and_in_reply_to_join_across_customers_and_subjects() -> None:
    mails = [
        mail("a", 0, subject="Lamp"),
        reply("b", 1, cites=["a"], subject="Your lamp"),
        mail("c", 2, in_reply_to="b", subject="Thanks", counterpart=BERT),
        mail("d", 3, subject="Other"),
    ]
    assert groups(mails) == together("a b c", "d")


def test_in_reply_to_counts_beside_references() -> None:
    assert groups([mail("a"), mail("b", 1, cites=["lost"], in_reply_to="a")]) == together("a b")


def test_two_replies_to_the_same_unknown_mail_are_one_thread() -> None:
    assert groups([mail("b", 1, cites=["lost"]), mail("c", 2, in_reply_to="lost")]) == together("b c")


def test_a_root_that_arrives_after_its_replies_takes_the_lead() -> None:
    (thread,) = assemble([reply("b", 1, cites=["a"]), mail("a", 0)], RULES)
    assert thread.id == "a"


def test_message_ids_compare_case_sensitively() -> None:
    mails = [mail("1", 0, message_id="Root@x"), mail("2", 1, message_id="r", in_reply_to="root@x")]
    assert groups(mails) == together("1", "2")


def test_cycles_and_self_references_do_no_harm() -> None:
    mails = [
        mail("a", 0, cites=["c"]),
        mail("b", 1, cites=["a", "b"]),
        mail("c", 2, cites=["b"]),
        mail("d", 3, cites=["d"]),
    ]
    assert groups(mails) == together("a b c", "d")


def test_mails_without_a_message_id_stay_apart() -> None:
    assert groups([mail("a", message_id=None), mail("b", 1, message_id=None)]) == together("a", "b")


def test_a_message_id_that_several_mails_share_joins_none_of_them() -> None:
    mails = [mail("a", 0, message_id="form"), mail("b", 1, message_id="form", counterpart=BERT)]
    assert groups(mails) == together("a", "b")


def test_a_reference_to_a_shared_message_id_goes_to_the_same_customer() -> None:
    mails = [
        mail("a", 0, message_id="form"),
        mail("b", 1, message_id="form", counterpart=BERT),
        reply("ra", 2, cites=["form"]),
        reply("rb", 3, cites=["form"], counterpart=BERT),
    ]
    assert groups(mails) == together("a ra", "b rb")


def test_a_reference_to_a_shared_message_id_goes_to_the_latest_before_without_a_known_customer() -> None:
    mails = [
        mail("a", 0, message_id="form"),
        mail("b", 2, message_id="form", counterpart=BERT),
        mail("c", 4, message_id="form", counterpart=BERT),
        reply("r", 3, cites=["form"], counterpart=None),
        reply("s", 1, cites=["form"], counterpart="carla@customer.example"),
    ]
    assert groups(mails) == together("a s", "b r", "c")


def test_a_reference_to_a_shared_message_id_goes_to_the_customers_latest_before() -> None:
    mails = [mail(name, day, message_id="form") for name, day in (("a", 0), ("b", 2), ("c", 4))]
    assert groups([*mails, reply("r", 3, cites=["form"])]) == together("a", "b r", "c")


def test_a_mail_that_cites_itself_joins_no_other_with_the_same_message_id() -> None:
    assert groups(
        [mail("a", 0, message_id="form"), mail("b", 1, message_id="form", cites=["form"])]
    ) == together("a", "b")


def test_the_servers_hint_joins() -> None:
    assert groups([mail("a", thread_hint="7"), mail("b", 1, thread_hint="7"), mail("c", 2)]) == together(
        "a b", "c"
    )


def test_a_ticket_token_joins_for_the_same_customer_only() -> None:
    mails = [
        mail("a", 0, subject="Lamp [#123]"),
        mail("b", 90, subject="Something else [#123]", cites=["lost"]),
        mail("c", 91, subject="Re: [#123]", counterpart=BERT),
    ]
    assert groups(mails) == together("a b", "c")


def test_a_ticket_token_decides_before_the_subject() -> None:
    mails = [
        mail("a", 0, subject="[#123] Lamp"),
        mail("b", 1, subject="[#124] Lamp"),
        mail("c", 2, subject="Re: [#123] Lamp"),
        mail("d", 3, subject="Re: [#125] Lamp"),
    ]
    assert groups(mails) == together("a c", "b", "d")


def test_a_bare_reply_joins_the_same_subject_of_the_same_customer() -> None:
    mails = [mail("a", 0, **LAMP), reply("b", 1, **RE_LAMP), mail("c", 2, **RE_LAMP, counterpart=BERT)]
    assert groups(mails) == together("a b", "c")


def test_a_mail_with_headers_or_without_a_reply_prefix_joins_nothing_by_subject() -> None:
    assert groups([mail("a", **LAMP), mail("b", 1, **RE_LAMP, cites=["lost"])]) == together("a", "b")
    assert groups([mail("a", **LAMP), mail("b", 1, **LAMP)]) == together("a", "b")
    assert groups([mail("a", **LAMP), mail("b", 1, subject="Fwd: Lamp")]) == together("a", "b")


def test_a_bare_reply_without_a_known_customer_or_subject_joins_nothing() -> None:
    assert groups(
        [mail("a", **LAMP, counterpart=None), mail("b", 1, **RE_LAMP, counterpart=None)]
    ) == together("a", "b")
    assert groups([mail("a", subject=""), mail("b", 1, subject="Re:")]) == together("a", "b")


@pytest.mark.parametrize(("day", "joins"), [(30, True), (30.01, False)])
def test_the_window_is_measured_from_the_last_mail_of_the_thread(day: float, *, joins: bool) -> None:
    first = [mail("a", 0, **LAMP), reply("b", 20, cites=["a"], subject="Your order")]
    expected = together("a b c") if joins else together("a b", "c")
    assert groups([*first, mail("c", 20 + day, **RE_LAMP)]) == expected


def test_the_window_is_a_setting() -> None:
    rules = MailRules(subject_window=timedelta(days=1))
    assert groups([mail("a", 0, **LAMP), mail("b", 2, **RE_LAMP)], rules) == together("a", "b")


def test_a_bare_reply_never_joins_what_comes_later() -> None:
    assert groups([mail("a", 0, **RE_LAMP), mail("b", 1, **LAMP)]) == together("a", "b")


def test_a_bare_reply_joins_the_thread_of_the_latest_mail_like_it() -> None:
    assert groups([mail("a", 0, **LAMP), mail("b", 5, **LAMP), mail("c", 6, **RE_LAMP)]) == together(
        "a", "b c"
    )


def test_answering_a_bare_reply_doesnt_take_it_out_of_its_thread_again() -> None:
    first = [mail("a", 0, **LAMP), reply("b", 1, cites=["a"], **RE_LAMP), mail("c", 2, **RE_LAMP)]
    assert groups(first) == together("a b c")
    assert groups([*first, reply("d", 3, cites=["c"], **RE_LAMP)]) == together("a b c d")


def test_a_bare_reply_that_headers_put_in_an_older_thread_never_merges_another_into_it() -> None:
    mails = [
        mail("a", 0, **LAMP),
        reply("b", 1, cites=["a"], **RE_LAMP),
        mail("x", 0.5, subject="Chair"),
        mail("c", 2, **RE_LAMP),
        reply("d", 3, cites=["x", "c"], subject="Re: Chair"),
    ]
    assert groups(mails) == together("a b", "x c d")


def test_ties_are_settled_by_the_id() -> None:
    (thread,) = assemble([mail("b", cites=["a"]), mail("a"), mail("c", cites=["b"])], RULES)
    assert [one.mail_id for one in thread.mails] == ["a", "b", "c"]


def test_a_chain_of_five_thousand_mails_is_one_thread() -> None:
    chain = [mail(f"{n:05}", n / 1000, in_reply_to=f"{n - 1:05}") for n in range(5000)]
    random.Random(1).shuffle(chain)
    (thread,) = assemble(chain, RULES)
    assert len(thread.mails) == 5000


def test_a_long_list_of_references_counts_with_its_first_and_its_latest() -> None:
    long = mail("z", 1, cites=["first", *(f"lost{n}" for n in range(500)), "last"])
    assert len(long.cited()) == 20
    assert groups([mail("first"), mail("last"), mail("lost1"), long]) == together("first last z", "lost1")


names = st.sampled_from([f"m{n}" for n in range(8)])
anything = st.builds(
    mail,
    st.just(""),
    st.integers(0, 90),
    cites=st.lists(names, max_size=2),
    in_reply_to=st.none() | names,
    message_id=st.none() | names,
    inbound=st.booleans(),
    counterpart=st.sampled_from([ANNA, BERT, None]),
    subject=st.sampled_from(
        ["Lamp", "Re: Lamp", "AW: Re: Lamp", "[#12] Lamp", "Re: [#13] Lamp", "Chair", "Re: Chair"]
    ),
    thread_hint=st.none() | st.none() | st.sampled_from(["1", "2"]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(anything, max_size=14), st.randoms(use_true_random=False))
def test_the_order_of_input_never_matters(drawn: list[Mail], shuffler: random.Random) -> None:
    mails = [_named(one, f"id{number}") for number, one in enumerate(drawn)]
    threads = assemble(mails, RULES)
    shuffled = list(mails)
    shuffler.shuffle(shuffled)
    assert assemble(shuffled, RULES) == threads
    assert sorted(one.mail_id for thread in threads for one in thread.mails) == sorted(
        one.mail_id for one in mails
    )


def _named(one: Mail, mail_id: str) -> Mail:
    return Mail(**{name: getattr(one, name) for name in Mail.__slots__} | {"mail_id": mail_id})
