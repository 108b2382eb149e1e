"""Mime: the bodies of the mails, encoded as the customers' programs would."""

from __future__ import annotations

import base64
import html
import quopri
from collections.abc import Callable
from email.header import Header

from .people import Client

Body = tuple[str, bytes]
"""The header lines that describe a body, and the encoded body."""

_PICTURE = base64.encodebytes(bytes(range(256)) * 3)
_FAREWELL = "\nMit freundlichen Grüßen aus Köln\n"
_ODD = (
    ("us-ascii", "iso-8859-1"),  # a lie: eight-bit text under a seven-bit name
    ("x-user-defined", "utf-8"),  # no codec of that name
    ("utf-8", "windows-1252"),  # a lie
    ("macintosh", "mac-roman"),
    ("iso-8859-15", "iso-8859-15"),
)


def encode_header(text: str) -> str:
    """Return a header value as ASCII, in encoded words where it needs them."""
    return text if text.isascii() else Header(text, "utf-8", maxlinelen=75).encode(linesep="\n")


def mailbox(name: str, address: str) -> str:
    """Return a display name and an address as a header writes them."""
    if not name.isascii():
        return f"{encode_header(name)} <{address}>"
    return f'"{name}" <{address}>' if any(mark in name for mark in ",.()") else f"{name} <{address}>"


def plain(text: str, charset: str, _: str = "") -> Body:
    """Return the text as it is."""
    return (
        f'Content-Type: text/plain; charset="{charset}"\nContent-Transfer-Encoding: 8bit\n',
        text.encode(charset, "replace"),
    )


def quoted(text: str, charset: str, _: str = "") -> Body:
    """Return the text as quoted-printable."""
    return (
        f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: quoted-printable\n",
        quopri.encodestring(text.encode(charset, "replace")),
    )


def base64_text(text: str, charset: str, _: str = "") -> Body:
    """Return the text as base64."""
    return (
        f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: base64\n",
        base64.encodebytes(text.encode(charset, "replace")),
    )


def html_only(text: str, charset: str, _: str = "") -> Body:
    """Return the text as HTML, without a plain part."""
    return (
        f"Content-Type: text/html; charset={charset}\nContent-Transfer-Encoding: 8bit\n",
        _html(text).encode(charset, "replace"),
    )


def alternative(text: str, charset: str, token: str) -> Body:
    """Return the text as plain and as HTML."""
    mark = f"=_alt_{token[:16]}"
    parts = b"".join(_part(mark, body) for body in (plain(text, charset), html_only(text, charset)))
    return f'Content-Type: multipart/alternative;\n boundary="{mark}"\n', parts + f"--{mark}--\n".encode()


def with_picture(text: str, charset: str, token: str) -> Body:
    """Return the text with a picture attached."""
    mark = f"=_mix_{token[:16]}"
    picture = 'Content-Type: image/jpeg; name="IMG_2041.jpg"\nContent-Transfer-Encoding: base64\n'
    picture += 'Content-Disposition: attachment; filename="IMG_2041.jpg"\n'
    parts = _part(mark, plain(text, charset)) + _part(mark, (picture, _PICTURE))
    return f'Content-Type: multipart/mixed;\n boundary="{mark}"\n', parts + f"--{mark}--\n".encode()


def cut(text: str, charset: str, token: str) -> Body:
    """Return a mail that breaks off within its attachment: no end of the part, no closing boundary."""
    lines, body = with_picture(text, charset, token)
    return lines, body[: body.rindex(_PICTURE) + 400] + b"\n"


def odd(text: str, number: int) -> Body:
    """Return a text in a charset that is unknown, rare or not the one that it is declared to be."""
    declared, real = _ODD[number % len(_ODD)]
    lines = f"Content-Type: text/plain; charset={declared}\nContent-Transfer-Encoding: 8bit\n"
    return lines, (text + _FAREWELL).encode(real, "replace")


def bounce(failed: str, returned: str, host: str, token: str) -> Body:
    """Return a delivery status notification (RFC 3464) about a mail whose headers are given."""
    mark = f"=_dsn_{token[:16]}"
    notice = f"The mail system could not deliver your message to <{failed}>: host or domain name not found.\n"
    status = (
        f"Reporting-MTA: dns; {host}\n\nFinal-Recipient: rfc822; {failed}\nAction: failed\nStatus: 5.4.4\n"
    )
    parts = (
        ("Content-Type: text/plain; charset=us-ascii\n", notice.encode()),
        ("Content-Type: message/delivery-status\n", status.encode()),
        ("Content-Type: text/rfc822-headers\n", returned.encode()),
    )
    lines = f'Content-Type: multipart/report; report-type=delivery-status;\n boundary="{mark}"\n'
    return lines, b"".join(_part(mark, part) for part in parts) + f"--{mark}--\n".encode()


STYLES: dict[str, Callable[[str, str, str], Body]] = {
    "plain": plain,
    "quoted": quoted,
    "base64": base64_text,
    "alternative": alternative,
    "html": html_only,
}


def written_by(client: Client, text: str, token: str) -> Body:
    """Return the text as the mail program writes it."""
    return STYLES[client.style](text, client.charset, token)


def _html(text: str) -> str:
    paragraphs = "".join(f"<p>{html.escape(line, quote=False)}</p>\n" for line in text.split("\n") if line)
    return f"<html><body>\n{paragraphs}</body></html>\n"


def _part(mark: str, body: Body) -> bytes:
    lines, content = body
    return f"--{mark}\n{lines}\n".encode() + content + b"\n"
