"""The shortcuts for ordinary mails say what the full parsers say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskmetry_connectors.email import dates, headers, text

_LINES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "From: a@b.example",
                " folded",
                "\tfolded\r",
                "no colon",
                ":",
                "X Y: 1",
                "X\t: \x1c1",
                "",
                "\r",
                "a:b:c",
            ]
        ),
        st.text(st.characters(max_codepoint=127, exclude_characters="\n"), max_size=120),
        st.builds(
            "{}:{}".format,
            st.text(st.characters(max_codepoint=127), max_size=250),
            st.text("ab \t\v", max_size=9),
        ),
    ),
    max_size=12,
)


@given(_LINES)
def test_headers_in_ascii_are_read_as_all_others_are(lines: list[str]) -> None:
    block = "\n".join(lines)
    assert headers._ascii_fields(block) == headers._any_fields(block.encode("ascii"))


@given(
    st.sampled_from(["", "Mon, ", "Thu, "]),
    st.integers(0, 40),
    st.sampled_from(["Jan", "Feb", "Dec"]),
    st.integers(1899, 2101),
    st.tuples(st.integers(0, 26), st.integers(0, 62), st.integers(0, 62)),
    st.sampled_from(["+0000", "-0000", "+0200", "-1130", "+0099", "+9999", "-2359", "+2400"]),
)
def test_a_common_date_is_the_instant_that_the_full_parser_reads(
    weekday: str, day: int, month: str, year: int, clock: tuple[int, int, int], offset: str
) -> None:
    value = f"{weekday}{day} {month} {year} {clock[0]:02}:{clock[1]:02}:{clock[2]:02} {offset}"
    # A comment behind the date takes the long way.
    assert dates.parse_date(value) == dates.parse_date(f"{value} (zone)")


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "text/plain; charset=utf-8",
        'TEXT/HTML; charset="ISO-8859-15"',
        "text/plain; charset=us-ascii; format=flowed; delsp=yes",
        "text/plain;charset=nonsense",
    ],
)
@pytest.mark.parametrize("encoding", ["", "7bit", "8BIT", "binary", "quoted-printable"])
@pytest.mark.parametrize(
    "body", [b"", b"plain\r\ntext =\n", b"gr\xfc\xdfe =FC=DF\n", "grüße <b>x</b>\r".encode(), b"a\x00b=3D"]
)
def test_a_body_of_one_part_is_read_as_the_full_parser_reads_it(
    kind: str, encoding: str, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [("content-type", kind)] if kind else []
    lines += [("content-transfer-encoding", encoding)] if encoding else []
    found = headers.Headers(tuple(lines), ended=True)
    short = text.body_text(found, body)
    monkeypatch.setattr(text, "_simple", lambda *_: None)
    assert short == text.body_text(found, body)
