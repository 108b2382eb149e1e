from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskmetry.threads.subject import REPLY_PREFIXES, parse_subject


@pytest.mark.parametrize(
    "line",
    [
        "Re: Broken lamp", "RE : Broken lamp", "AW: Broken lamp", "Antw: Broken lamp", "SV: VS: Broken lamp",
        "Rép : Broken lamp", "Re\u0301p: Broken lamp",
        "回复：Broken lamp", "YNT: Broken lamp", "Odp: Broken lamp",
        "Re[2]: Broken lamp", "Re(3): Broken lamp", "Re^4: Broken lamp", "re: aw: RE: broken  lamp",
        "[EXTERNAL] Re: Broken lamp", "Re: [help] Broken lamp", "Fwd: Re: Broken lamp", "AW: WG: Broken lamp",
        "Re: [#123] Broken lamp", "Re: Broken lamp [Ticket#2026112110000017]",
    ],
)  # fmt: skip
def test_a_reply_prefix_of_any_client_makes_a_reply_with_the_same_base(line: str) -> None:
    subject = parse_subject(line)
    assert subject.reply
    assert subject.base == "broken lamp"


@pytest.mark.parametrize("line", ["Broken lamp", "Fwd: Broken lamp", "WG: Broken lamp", "[shop] Broken lamp"])
def test_a_forward_or_a_label_is_no_reply(line: str) -> None:
    subject = parse_subject(line)
    assert not subject.reply
    assert subject.base == "broken lamp"


@pytest.mark.parametrize(
    "line", ["Refund: when?", "Regarding: lamp", "Reply wanted", "Resolution: 4k", "Area: 51"]
)
def test_a_word_that_only_begins_like_a_prefix_stays(line: str) -> None:
    assert parse_subject(line).base == line.casefold()
    assert not parse_subject(line).reply


def test_the_title_keeps_case_and_labels_and_loses_reply_prefixes() -> None:
    assert parse_subject("Re: AW: [#123] Broken Lamp").title == "[#123] Broken Lamp"
    assert parse_subject("Fwd: Broken Lamp").title == "Fwd: Broken Lamp"
    assert parse_subject("Re:").title == "Re:"


def test_tokens_are_numbers_after_a_hash_in_square_brackets() -> None:
    assert parse_subject("Re: [#123] x").tokens == {"#123"}
    assert parse_subject("[Ticket #456] x [#78]").tokens == {"ticket#456", "#78"}
    assert parse_subject("Order #123, [a #1], [b] #22").tokens == frozenset()


def test_nothing_and_labels_alone_are_handled() -> None:
    assert parse_subject(None).base == ""
    assert parse_subject("Re: ").base == ""
    assert parse_subject("Re: [EXTERNAL]").base == "[external]"


@given(st.text(max_size=200), st.lists(st.sampled_from(REPLY_PREFIXES), max_size=4))
def test_prefixes_before_any_text_never_change_its_base(text: str, prefixes: list[str]) -> None:
    # A text that begins with a colon or counter would become part of the prefix before it.
    line = "x" + text
    assert (
        parse_subject("".join(f"{prefix}: " for prefix in prefixes) + line).base == parse_subject(line).base
    )
