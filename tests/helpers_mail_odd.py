"""Odd mails: made-up mails with the oddities of real ones, and what must be read from them all the same."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Odd:
    """A mail, less the `From` and `Subject` that it needn't say itself, and what must be read from it."""

    name: str
    head: str
    body: str = "Hello\n"
    text: str = "Hello"
    from_: str = "jane@customer.example"
    subject: str | None = "Order 17"
    report: str | None = None

    @property
    def raw(self) -> bytes:
        """The mail as a server hands it out."""
        head = self.head if "From:" in self.head else f"From: Jane <jane@customer.example>\n{self.head}"
        if "ubject:" not in head:
            head = f"Subject: Order 17\n{head}"
        return f"{head.rstrip()}\n\n{self.body}".encode()


_MIXED = "Content-Type: multipart/mixed; boundary=B"
_REPORT = 'Content-Type: multipart/report; report-type=delivery-status;\n\tboundary="B"'
_PLAIN = "--B\nContent-Type: text/plain; charset=us-ascii\n\n"

ODD_MAILS = [
    Odd("an address before its name", "From: jane@customer.example (Jane Q. Doe)"),
    Odd("a name without an address", "From: Jane\nTo: support", from_=""),
    Odd("an empty sender", "From: MAILER DAEMON <>\nTo: <support@acme.example>", from_=""),
    Odd("an empty group of recipients", "To: Undisclosed-Recipients:;"),
    Odd("the same header thrice", "Cc: a@x.example\nCC: b@x.example\ncc: c@x.example"),
    Odd("an envelope line", ">From jane@customer.example Fri Apr 06 16:46:09 2001\nX-A: 1"),
    Odd(
        "headers folded with tabs and lists in brackets",
        'X-VM-v5-Data: ([nil nil]\n\t[nil "A <>" nil]\n\tnil)\nX-UIDL: 4\\G!!!<c"!UV["!M7C!!',
    ),
    Odd(
        "a subject of several lines",
        "Subject: bug\n\t" + "123456789 " * 30 + "\n\tmore",
        subject="bug " + "123456789 " * 30 + "more",
    ),
    Odd(
        "no empty line before the text",
        "Subject: here it is\nthere is no empty line",
        "",
        "",
        subject="here it is",
    ),
    Odd("a kind without its second half", "Content-Type: text; charset=us-ascii"),
    Odd(
        "an alternative without a boundary",
        "Content-Type: multipart/alternative;",
        "Blah blah\n",
        "Blah blah",
    ),
    Odd("several parts announced, one text sent", _MIXED, "Hi,\n\nthis is it.\n", "Hi,\n\nthis is it."),
    Odd("a boundary that never ends", _MIXED, f"preamble\n{_PLAIN}first\n--B\n\nsecond", "first\nsecond"),
    Odd(
        "a boundary that is the beginning of another",
        "Content-Type: multipart/mixed; boundary=B_",
        f"{_PLAIN}first\n--B--\n",
        "--B\nContent-Type: text/plain; charset=us-ascii\n\nfirst\n--B--",
    ),
    Odd(
        "empty parts between boundaries",
        _MIXED,
        f"{_PLAIN}first\n--B\n--B\n--B\n{_PLAIN}last\n--B--\n",
        "first\nlast",
    ),
    Odd(
        "a boundary in a boundary's words",
        'Content-Type: multipart/mixed; boundary="- =_a0"',
        '--- =_a0\nContent-Type: multipart/alternative; boundary="- =_a1"\n\n--- =_a1\n'
        "Content-Type: text/plain\n\ntricky\n--- =_a1--\n--- =_a0--\n",
        "tricky",
    ),
    Odd(
        "two levels with one boundary",
        _MIXED,
        "--B\nContent-Type: multipart/alternative; boundary=B\n\n"
        "--B\nContent-Type: text/plain\n\nwhich\n--B--\n",
        "which",
    ),
    Odd("a part without a head", _MIXED, "--B\n\nfirst\n--B--\nepilogue\n", "first"),
    Odd("no empty line in a part", _MIXED, "--B\nContent-Type: text/plain\nbar\n\n--B--\n", "bar"),
    Odd(
        "html that calls itself several parts",
        'Content-Type: text/html; boundary="x"',
        "--x\nContent-Type: text/html;\n\n<html><b>Hi</b></html>\n\n--x--\n",
        "--x Content-Type: text/html; Hi --x--",
    ),
    Odd(
        "parts in several charsets and encodings",
        _MIXED,
        f"{_PLAIN}one\n--B\nContent-Type: text/plain; charset=iso-8859-1\n"
        "Content-Transfer-Encoding: Quoted-Printable\n\n=A1two!\n--B\n"
        "Content-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: Base64\n\n1MXT1A==\n--B--\n",
        "one\n¡two!\nтест",
    ),
    Odd(
        "an encoding that there isn't",
        "Content-Type: text/plain\nContent-Transfer-Encoding: x-uue-or-so",
        "Hello\n",
        "Hello",
    ),
    Odd(
        "a text in uuencode",
        "Content-Type: text/plain\nContent-Transfer-Encoding: x-uuencode",
        "begin 644 a.txt\n%2&5L;&\\`\n`\nend\n",
        "Hello",
    ),
    Odd(
        "parameters in the manner of RFC 2231",
        "Content-Type: text/plain; charset*=ansi-x3.4-1968''us-ascii;\n title*0*=\"us-ascii'en'This%20is\";\n"
        ' title*1=" fun"',
    ),
    Odd(
        "a signed mail",
        "Content-Type: multipart/signed; boundary*=\"us-ascii''B\"; micalg=pgp-sha1",
        f"signed\n{_PLAIN}Hello\n--B\n"
        "Content-Type: application/pgp-signature; name=s.asc\n\n-----BEGIN\n--B--\n",
        "Hello",
    ),
    Odd(
        "an attached picture",
        _MIXED,
        f"{_PLAIN}Hello\n--B\nContent-Type: image/gif; name=a.gif\n"
        "Content-Transfer-Encoding: base64\n\nR0lGODdhAQABAPAA\n--B--\n",
        "Hello",
    ),
    Odd(
        "an attached text",
        _MIXED,
        "--B\nContent-Type: text/plain\nContent-Disposition: inline;\n"
        f'\tfilename="msg.txt"\n\nlog\n{_PLAIN}Hello\n--B--\n',
        "Hello",
    ),
    Odd(
        "a text elsewhere",
        _MIXED,
        f"{_PLAIN}Hello\n--B\nContent-Type: Message/External-body;\n\t"
        "access-type=mail-server\n\nContent-Type: text/plain\nContent-ID: <a@x>\n\nENCODING mime\n--B--\n",
        "Hello",
    ),
    Odd(
        "a mail that is another mail",
        "Content-Type: message/rfc822",
        "From: x@y\nSubject: inner\n\ninner text\n",
        "",
    ),
    Odd(
        "a digest",
        "Content-Type: multipart/digest; boundary=B",
        "--B\n\nFrom: x@y\n\nfirst\n--B\nContent-Type: message/rfc822\n\nFrom: x@y\n\nsecond\n--B--\n",
        "",
    ),
    Odd(
        "a report of what wasn't delivered",
        "From: Mail Delivery <MAILER-DAEMON@mx.example>\nSubject: Returned mail\n" + _REPORT,
        "This is a MIME-encapsulated message.\n--B\nContent-Type: text/plain\n\nYadda\n--B\n"
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\nAction: failed\n--B\n"
        "Content-Type: message/rfc822\n\nFrom: x@y\n\nlost\n--B--\n",
        "Yadda",
        from_="mailer-daemon@mx.example",
        subject="Returned mail",
        report="delivery-status",
    ),
    Odd(
        "a bounce without its original",
        'From: M <m@mx.example>\nContent-Type: multipart/mixed; boundary="A"',
        "--A\n\nStuff\n--A\nContent-Type: message/rfc822\n\nFrom: w@x\n"
        "Content-Type: multipart/mixed; boundary=C\n\n--C--\n\n--A--\n",
        "Stuff",
        from_="m@mx.example",
    ),
]
