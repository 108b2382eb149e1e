"""Parsing a mail: whatever the bytes are, something sensible comes out and nothing raises."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskmetry_connectors.email.charset import to_text
from deskmetry_connectors.email.dates import envelope_date, parse_date, received_dates
from deskmetry_connectors.email.headers import addresses, decode_words, message_ids
from deskmetry_connectors.email.parse import parse
from deskmetry_connectors.email.text import strip_html
from helpers_mail import mail
from helpers_mail_odd import ODD_MAILS, Odd

_NAMES = ["From", "To", "Date", "Message-ID", "References", "Subject", "Content-Type", "Received", "List-Id"]
_PIECES = st.sampled_from(
    [b"<", b">", b"@", b"=?utf-8?b?", b"?=", b"=?x?q?=", b"\xff", b"\x00", b"(", b'"', b",", b"\n ",
     b"\r\n\r\n", b"multipart/mixed; boundary=a", b"\n--a\n", b"\n--a--", b";charset=", b"\xe2\x82",
     b"Mon, 99 Foo 99999 +9999",
     b"Content-Transfer-Encoding: base64\n", b"filename*=utf-8''%ff", b"x", b"From a@b\n", b"-0000"]
)  # fmt: skip


@given(st.binary(max_size=2000))
def test_no_bytes_at_all_make_parsing_raise(raw: bytes) -> None:
    parse(raw)


@given(
    st.lists(st.tuples(st.sampled_from(_NAMES), st.lists(_PIECES, max_size=12))),
    st.lists(_PIECES, max_size=30),
)
def test_no_headers_make_parsing_raise(fields: list[tuple[str, list[bytes]]], body: list[bytes]) -> None:
    head = b"".join(name.encode() + b": " + b"".join(value) + b"\n" for name, value in fields)
    parsed = parse(head + b"\n" + b"".join(body))
    assert parsed.length == len(parsed.text)
    assert parsed.id


@pytest.mark.parametrize("odd", ODD_MAILS, ids=lambda odd: odd.name)
def test_odd_mails_are_read_as_a_person_would(odd: Odd) -> None:
    parsed = parse(odd.raw)
    author = parsed.from_[0].address if parsed.from_ else ""
    assert (parsed.text, author, parsed.subject, parsed.report) == (
        odd.text,
        odd.from_,
        odd.subject,
        odd.report,
    )
    assert parsed.is_mail


def _mails_of_the_interpreter() -> list[Path]:
    """Return the test mails that Python comes with, often: Debian's packages leave them out."""
    spec = importlib.util.find_spec("test.test_email")
    return sorted((Path(spec.origin).parent / "data").glob("*.txt")) if spec and spec.origin else []


@pytest.mark.parametrize("lines", [b"\n", b"\r\n"], ids=["unix", "network"])
def test_every_mail_at_hand_parses_however_its_lines_end(lines: bytes) -> None:
    mails = [odd.raw for odd in ODD_MAILS] + [path.read_bytes() for path in _mails_of_the_interpreter()]
    found = [parse(raw.replace(b"\r\n", b"\n").replace(b"\n", lines)) for raw in mails]
    assert len(found) >= len(ODD_MAILS) > 30
    assert sum(bool(parsed.from_) for parsed in found) > 28
    assert all(parsed.length == len(parsed.text) for parsed in found)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n\n",
        b"\xff\xfe\x00",
        b"From: " + b"(" * 100_000 + b"\n\nx",
        b"References: " + b"<a" * 100_000 + b"\n\nx",
        b"Subject: " + b"=?a?q?" * 50_000 + b"\n\nx",
        b"Date: " + b"9" * 10_000 + b"\n\nx",
        b"From: a@b\n" + b"Content-Type: multipart/mixed; boundary=a\n\n--a\n" * 2_000,
        b"Content-Type: text/html\n\n" + b"<a " * 200_000,
        b"Content-Type: text/plain; charset*0*=x''%; charset=\xff\n\nx",
        b"Content-Type: multipart/report; report-type=\n\nx",
    ],
    ids=range(11),
)
def test_hostile_mails_parse(raw: bytes) -> None:
    assert parse(raw).id


# --- identity -----------------------------------------------------------------------------------------


def test_copies_with_other_line_ends_and_folding_are_one_mail() -> None:
    one = mail(date="Mon, 02 Mar 2026 10:00:00 +0100")
    other = one.replace(b"2026 10", b"2026\n 10").replace(b"\n", b"\r\n")
    assert parse(one).id == parse(other).id == "one@customer.example~" + parse(one).id[-8:]


def test_a_message_id_that_two_senders_reuse_names_two_mails() -> None:
    assert parse(mail(from_="a@x.example")).id != parse(mail(from_="b@x.example")).id
    assert parse(mail(date="Mon, 02 Mar 2026 10:00:01 +0100")).id != parse(mail()).id


@pytest.mark.parametrize("value", ["<>", "", "< >", None])
def test_an_empty_message_id_counts_as_none(value: str | None) -> None:
    parsed = parse(mail(message_id=value))
    assert parsed.message_id is None
    assert parsed.id.startswith("no-id~")


def test_mails_without_message_id_differ_by_their_headers_but_not_by_the_flags_of_a_mail_program() -> None:
    bare = parse(mail(message_id=None))
    assert parse(mail(message_id=None, status="RO", x_status="A", x_mozilla_status="0003")).id == bare.id
    assert parse(mail(message_id=None, subject="Other")).id != bare.id


def test_message_ids_keep_their_case_and_lose_folding() -> None:
    parsed = parse(
        mail(
            message_id="<AbC\n @X.example>",
            in_reply_to="Your mail <Up@x> of Monday",
            references="<1@x> <2@\n x><1@x>",
        )
    )
    assert (parsed.message_id, parsed.in_reply_to, parsed.references) == (
        "AbC@X.example",
        "Up@x",
        ("1@x", "2@x"),
    )


def test_ids_without_brackets_are_ids() -> None:
    assert message_ids("a@b, c@d") == ["a@b", "c@d"]
    assert parse(mail(message_id="plain")).message_id == "plain"


def test_a_message_id_of_any_length_makes_a_short_id() -> None:
    assert len(parse(mail(message_id=f"<{'a' * 5000}@x>")).id) < 100


# --- headers ------------------------------------------------------------------------------------------


def test_encoded_words_are_decoded() -> None:
    parsed = parse(
        mail(
            subject="=?utf-8?B?R3LDvMOf?= =?utf-8?Q?e_aus?= Wien",
            from_='"=?iso-8859-1?Q?M=FCller=2C_Eva?=" <Eva@X.example>',
        )
    )
    assert parsed.subject == "Grüße aus Wien"
    assert parsed.from_[0] == ("Müller, Eva", "eva@x.example")


def test_a_letter_split_between_two_encoded_words_is_whole_again() -> None:
    assert decode_words("=?utf-8?B?w7w=?= =?utf-8?B?w58=?=") == "üß"
    assert decode_words("=?utf-8?Q?=C3?= =?utf-8?Q?=BC?=") == "ü"


def test_a_broken_encoded_word_stays_as_it_is() -> None:
    assert decode_words("=?utf-8?b?A?= rest") == "=?utf-8?b?A?= rest"
    assert "ü" in decode_words("=?no-such-charset?b?w7w=?=")


def test_raw_eight_bit_headers_are_read_as_utf8_or_windows() -> None:
    assert parse(b"Subject: Gr\xc3\xbc\xc3\x9fe\nFrom: a@b\n\nx").subject == "Grüße"
    assert parse(b"Subject: Gr\xfc\xdfe\nFrom: a@b\n\nx").subject == "Grüße"


def test_addresses_that_break_the_rules_are_found_all_the_same() -> None:
    assert addresses(["Jane <JANE@x.example"])[0].address == "jane@x.example"
    assert [found.address for found in addresses(["a@x, b@x;c@x", "undisclosed-recipients:;"])] == [
        "a@x",
        "b@x",
        "c@x",
    ]
    assert addresses(["nobody"]) == ()


def test_a_line_that_is_no_header_costs_only_itself() -> None:
    parsed = parse(b"From: a@b.example\nbroken line here\nSubject: kept\n\nbody")
    assert (parsed.subject, parsed.text) == ("kept", "body")


# --- dates --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Mon, 02 Mar 2026 10:00:00 +0100", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ("Mon, 02 Mar 2026 10:00:00 -0000", datetime(2026, 3, 2, 10, tzinfo=UTC)),
        ("Mon, 02 Mar 2026 10:00:00", datetime(2026, 3, 2, 10, tzinfo=UTC)),
        ("2 Mar 2026 10:00 GMT (Monday)", datetime(2026, 3, 2, 10, tzinfo=UTC)),
        ("2026-03-02T10:00:00+01:00", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ("yesterday", None),
        ("Mon, 32 Mar 2026 10:00:00 +0100", None),
        ("Mon, 02 Mar 99999 10:00:00 +0100", None),
        ("Mon, 02 Mar 2026 10:00:00 +9999", None),
        ("", None),
    ],
)
def test_dates_are_utc_or_nothing(value: str, expected: datetime | None) -> None:
    assert parse_date(value) == expected


def test_received_dates_come_topmost_first_and_bad_ones_are_passed_over() -> None:
    values = [
        "from a by b; nonsense",
        "by c; Mon, 02 Mar 2026 10:00:00 +0000 (UTC)",
        "no date",
        "x; 1 Mar 2026 10:00:00 +0000",
    ]
    assert [date.day for date in received_dates(values)] == [2, 1]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"From a@b Mon Mar  2 10:00:00 2026", datetime(2026, 3, 2, 10, tzinfo=UTC)),
        (b"From - Mon Mar 02 10:00:00 2026", datetime(2026, 3, 2, 10, tzinfo=UTC)),
        (b"From 17@xxx Mon Mar 02 10:00:00 +0100 2026", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        (b"From a at b  Mon Mar  2 10:00:00 2026 -0100", datetime(2026, 3, 2, 11, tzinfo=UTC)),
        (b"From a@b Mon Foo 99 10:00:00 2026", None),
        (b"From a@b", None),
    ],
)
def test_envelope_dates(line: bytes, expected: datetime | None) -> None:
    assert envelope_date(line) == expected


# --- body ---------------------------------------------------------------------------------------------


def _multipart(kind: str, *parts: tuple[str, str]) -> bytes:
    body = "".join(f"--b\nContent-Type: {content}\n\n{text}\n" for content, text in parts) + "--b--\n"
    return mail(body, content_type=f"multipart/{kind}; boundary=b")


def test_plain_text_is_preferred_to_html() -> None:
    parts = (("text/html", "<p>rich</p>"), ("text/plain", "plain"))
    assert parse(_multipart("alternative", *parts)).text == "plain"


def test_html_alone_is_stripped() -> None:
    parsed = parse(
        _multipart(
            "alternative", ("text/html; charset=utf-8", "<style>p{}</style><p>Grüße &amp; 1 &lt; 2</p>a<br>b")
        )
    )
    assert parsed.text == "Grüße & 1 < 2\na\nb"


def test_html_with_a_plain_footer_keeps_both() -> None:
    assert (
        parse(_multipart("mixed", ("text/html", "<b>letter</b>"), ("text/plain", "-- footer"))).text
        == "letter\n-- footer"
    )


def test_attachments_and_forwarded_mails_are_not_the_text() -> None:
    parts = (
        ("text/plain", "letter"),
        ("text/plain; name=log.txt", "log"),
        ("message/rfc822", "From: x@y\n\nold"),
    )
    assert parse(_multipart("mixed", *parts)).text == "letter"


@pytest.mark.parametrize(
    "charset", ["no-such-charset", "", "utf-8;;", "rot13", "zlib", "idna", "x" * 99, "\x00"]
)
def test_an_unknown_charset_falls_back(charset: str) -> None:
    assert parse(mail("Grüße", content_type=f"text/plain; charset={charset}")).text == "Grüße"


def test_lying_charsets_are_seen_through() -> None:
    assert to_text("Grüße".encode(), "iso-8859-1") == "Grüße"
    assert to_text("Grüße".encode("latin-1"), "utf-8") == "Grüße"
    assert to_text("“x”".encode("cp1252"), "iso-8859-1") == "“x”"
    assert to_text("中".encode("gb18030"), "gb2312") == "中"


@pytest.mark.parametrize(
    "content_type",
    ["junk", "text", ";;;", "text/plain; charset", "multipart/mixed", "multipart/mixed; boundary="],
)
def test_a_junk_content_type_still_gives_the_text(content_type: str) -> None:
    assert parse(mail("letter", content_type=content_type)).text == "letter"


def test_a_cut_base64_body_is_kept_as_far_as_it_goes() -> None:
    assert parse(mail("R3LDvMOfZSBhdXMgV2ll", content_transfer_encoding="base64")).text == "Grüße aus Wie"
    assert parse(mail("R3LDvMOfZSBhdXMgV2l", content_transfer_encoding="base64")).text


def test_an_inequality_in_html_is_not_a_tag() -> None:
    assert strip_html("<p>a < b and c > d</p>") == "a < b and c > d"
