"""Another Zendesk: hand-written answers in the documented shapes, odd ones too, replayed over bare sockets.

It shares nothing with the emulator: what the two have in common is the vendor's documentation.
"""

from __future__ import annotations

import gzip
import json
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

T0 = 1_767_603_600
"""2026-01-05 09:00 UTC, when everything begins."""
DATE = "Sun, 01 Feb 2026 00:00:00 GMT"
FIRST = 1_136_073_600
"""Where an export starts that was never read."""
ADA, BOB, CLEO, DAN = 9_007_199_254_740_993, 22, 31, 9_007_199_254_740_999
"""An administrator, an agent who left, two customers; two ids don't fit into a float."""
ONE, TWO, THREE, FOUR, FIVE = 9_007_199_254_740_995, 40, 41, 42, 43


def iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Say:
    """One answer. way: plain (with its length), gzip, or chunked in pieces of seven bytes."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    way: str = "plain"

    def bytes(self) -> bytes:
        data = self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()
        media = "text/html" if isinstance(self.body, str) else "application/json; charset=utf-8"
        lines = [f"HTTP/1.1 {self.status} Whatever", f"Date: {DATE}", f"content-type: {media}"]
        lines += [f"{name}: {text}" for name, text in self.headers.items()]
        if self.way == "gzip":
            data = gzip.compress(data)
            lines.append("Content-Encoding: gzip")
        if self.way == "chunked":
            pieces = [data[at : at + 7] for at in range(0, len(data), 7)]
            data = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
            lines.append("transfer-encoding: chunked")
        else:
            lines.append(f"Content-Length: {len(data)}")
        return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + data


@dataclass
class Script:
    """Answers by path and where it is asked from; the last of several is given again and again."""

    answers: dict[tuple[str, str], list[Say]]
    asked: list[tuple[str, str]] = field(default_factory=list)
    strange: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, target: str) -> bytes:
        parts = urlsplit(target)
        query = parse_qs(parts.query)
        names = ("cursor", "page[after]", "page", "start_time")
        place = next((query[name][0] for name in names if name in query), "")
        key = (parts.path.removeprefix("/api/v2/").removesuffix(".json"), place)
        self.asked.append(key)
        found = self.answers.get(key)
        if found is None:
            self.strange.append(key)
            return Say({"error": "RecordNotFound", "description": "Not found"}, 404).bytes()
        return (found.pop(0) if len(found) > 1 else found[0]).bytes()


@contextmanager
def other(script: Script) -> Iterator[str]:
    """Serve a script on loopback; yields the address."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            first = self.rfile.readline().decode()
            while self.rfile.readline().strip():
                pass
            if first:
                self.wfile.write(script.answer(first.split()[1]))

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# --- what it says ----------------------------------------------------------------------------------------

LIMIT_A = {"x-rate-limit": "700", "x-rate-limit-remaining": "699"}
LIMIT_B = {"RateLimit-Limit": "700", "RateLimit-Remaining": "698", "RateLimit-Reset": "31"}
LIMIT_C = {"rate-limit": "700", "rate-limit-remaining": "697", "rate-limit-reset": "12"}
BUCKET = {"zendesk-ratelimit-incremental-exports-cursor": "total=10; remaining=0; resets=3"}
EDGE = {"detail": "Rate limited by Zendesk edge protection", "status": "429", "title": "Automated response"}


def user(key: int, name: str, role: str, **more: Any) -> dict[str, Any]:
    known = {"email": f"{name.lower()}@example.com", "active": True, "created_at": iso(T0 - 9)}
    return {"id": key, "name": name, "role": role, "updated_at": iso(T0 - 9)} | known | more


def ticket(key: int, status: str, generated: int, **more: Any) -> dict[str, Any]:
    return {
        "id": key, "status": status, "subject": f"Ticket {key}", "description": "…", "priority": None,
        "type": None, "requester_id": CLEO, "submitter_id": CLEO, "assignee_id": None, "group_id": None,
        "tags": [], "custom_fields": [], "fields": [], "via": {"channel": "email", "source": {}},
        "created_at": iso(T0), "updated_at": iso(generated), "generated_timestamp": generated,
        "metric_set": None, "satisfaction_rating": {"score": "unoffered"}, "brand_id": 360000000001,
    } | more  # fmt: skip


def audit(
    key: int, of: int, at: int, *children: Any, updater: int | None, via: Any = "Mail"
) -> dict[str, Any]:
    return {
        "id": key, "ticket_id": of, "timestamp": at, "created_at": iso(at), "updater_id": updater, "via": via,
        "via_reference_id": None, "event_type": "Audit", "metadata": {}, "child_events": list(children),
        "system": {"client": "…", "latitude": 52.5, "longitude": 13.4},
    }  # fmt: skip


def comment(key: int, author: int, at: int, body: str, **more: Any) -> dict[str, Any]:
    return {
        "id": key, "type": "Comment", "event_type": "Comment", "author_id": author, "public": True,
        "body": body, "html_body": f"<div>{body}</div>", "plain_body": body, "attachments": [],
        "via": {"channel": "email", "source": {"from": {}, "to": {}, "rel": None}}, "audit_id": key - 1,
        "via_reference_id": None, "created_at": iso(at),
    } | more  # fmt: skip


def change(key: int, kind: str = "Change", **values: Any) -> dict[str, Any]:
    return {"id": key, "via": "Mail", "via_reference_id": None, "event_type": kind} | values


RULE = {"channel": "rule", "source": {"from": {"id": 7, "title": "Hello"}, "to": {}, "rel": "trigger"}}
ASKED = audit(
    100, ONE, T0,
    comment(101, CLEO, T0, "Where is my order?"),
    change(102, "Create", status="new"),
    change(103, "Create", tags=["shop"]),
    change(104, "Notification", subject="Ticket received", body="…", recipients=[CLEO]),
    {"id": 105, "type": "AiAgentSummaryAdded", "summary": "An order is sought."},
    updater=CLEO,
)  # fmt: skip
RULED = audit(
    110, ONE, T0 + 5, comment(111, ADA, T0 + 5, "We have got your mail.", via=RULE), updater=-1, via="Rule"
)
ANSWERED = audit(
    120, ONE, T0 + 3600,
    comment(121, BOB, T0 + 3600, "It comes tomorrow.", via="-"),
    change(122, status="open", previous_value="new"),
    change(123, assignee_id=BOB, previous_value=None),
    change(124, tags=["late", "shop"], added_tags=["late"], removed_tags=[], previous_value=["shop"]),
    change(125, custom_ticket_fields={"360041597112": "set_up_app"}, previous_value=None),
    updater=BOB, via="Web form",
)  # fmt: skip
SOLVED = audit(130, ONE, T0 + 7200, change(131, status="solved", previous_value="open"), updater=BOB, via={})
SECOND_ASKED = audit(
    140, TWO, T0 + 7200,
    comment(141, DAN, T0 + 7200, "My card is 4111 1111.", via={"channel": "native_messaging"}),
    change(142, "Create", status="new"),
    updater=DAN, via="Messaging",
)  # fmt: skip
SECOND_ANSWERED = audit(
    150, TWO, T0 + 7800,
    comment(151, ADA, T0 + 7800, "Look it up in the drawer.", via="Web form"),
    {"via": "Web form", "via_reference_id": 0, "status": "pending", "previous_value": "new"},
    updater=ADA, via="Web form",
)  # fmt: skip
CALLED = audit(
    160, FIVE, T0 + 7800,
    comment(
        161, DAN, T0 + 7800, "Call from +49 30 1234", type="VoiceComment", via="Phone call (incoming)",
        data={"from": "+49301234", "to": "+4930", "recording_url": "https://recordings.example/1.mp3"},
        formatted_from="+49 30 1234", formatted_to="+49 30",
    ),
    change(162, "Create", status="new"),
    change(163, status="hold", previous_value="new"),
    updater=DAN, via="Phone call (incoming)",
)  # fmt: skip
OTHERS = [
    audit(170 + n, FIVE, T0 + 7800, change(180 + n, priority=word), updater=None, via="-")
    for n, word in enumerate(("low", "normal", "high"))
]
DELETED = audit(
    200, THREE, T0 + 9000, change(201, status="deleted", previous_value="open"), updater=None, via="Web form"
)
REDACTED = audit(
    210, TWO, T0 + 9100,
    {"id": 211, "type": "CommentRedactionEvent", "event_type": "CommentRedactionEvent", "comment_id": 141},
    {"id": 212, "event_type": "AttachmentRedactionEvent", "attachment_id": 9, "comment_id": 151},
    {"id": 213, "event_type": "CommentPrivacyChange", "comment_id": 151, "public": False},
    updater=ADA, via="Web form",
)  # fmt: skip

TICKETS = [
    ticket(ONE, "solved", T0 + 7201, assignee_id=ADA, tags=["late", "shop"],
           metric_set={"id": 1, "ticket_id": ONE, "reopens": 0, "replies": 1}),
    ticket(FIVE, "open", T0 + 7800, requester_id=DAN, submitter_id=DAN,
           via={"channel": "voice", "source": {}}),
    ticket(THREE, "deleted", T0 + 9000, subject="Gone"),
]  # fmt: skip
LATER = [
    ticket(FIVE, "hold", T0 + 7900, requester_id=DAN, submitter_id=DAN, priority="high",
           via={"channel": "voice", "source": {}}, updated_at=iso(T0 + 7800)),
    ticket(TWO, "pending", T0 + 9100, requester_id=DAN, submitter_id=DAN, from_messaging_channel=True,
           via={"channel": "native_messaging", "source": {}}),
    ticket(FOUR, "deleted", T0 + 9200, subject="SCRUBBED", description="X", updated_at=iso(T0 - 86_400 * 30),
           created_at=iso(T0 - 86_400 * 60)),
]  # fmt: skip
RATINGS = [
    {"id": 1, "ticket_id": ONE, "score": "good", "comment": "Fast", "reason": None, "requester_id": CLEO,
     "assignee_id": BOB, "group_id": None, "created_at": iso(T0 + 8000), "updated_at": iso(T0 + 8600)},
    {"id": 2, "ticket_id": TWO, "score": "offered", "comment": None, "requester_id": DAN, "assignee_id": ADA,
     "created_at": iso(T0 + 8000), "updated_at": iso(T0 + 8000)},
    {"id": 3, "ticket_id": FIVE, "score": "unoffered", "requester_id": DAN, "assignee_id": None,
     "created_at": iso(T0 + 8000), "updated_at": iso(T0 + 8000)},
]  # fmt: skip
RESPONSES = [
    {"id": "01KE6XS340BBBBBBBBBBBBBBBB", "responder_id": DAN, "expires_at": iso(T0 + 86_400 * 28),
     "subject_zrns": [f"zen:ticket:{FIVE}"], "survey": {"id": "01J58KJ9RAE0D2EK7HRVM7Z8F2", "version": 3},
     "subjects": [{"id": str(FIVE), "type": "ticket", "zrn": f"zen:ticket:{FIVE}"}],
     "answers": [
        {"type": "rating_scale", "rating": 2, "rating_category": "bad", "created_at": iso(T0 + 9_000),
         "updated_at": iso(T0 + 9_600),
         "question": {"id": "Q1", "type": "rating_scale_emoji", "sub_type": "customer_satisfaction"}},
        {"type": "closed_ended", "selections": [{"type": "predefined", "option_id": "O2"}],
         "created_at": iso(T0 + 9_000), "updated_at": iso(T0 + 9_000),
         "question": {"id": "Q2", "type": "closed_ended", "options": [
            {"id": "O1", "label": {"type": "static", "value": "Slow"}},
            {"id": "O2", "label": {"type": "dynamic", "key": "dc.rude", "value": "Rude"}}]}},
        {"type": "skipped", "created_at": iso(T0 + 9_000), "updated_at": iso(T0 + 9_000),
         "question": {"id": "Q3", "type": "open_ended"}}]},
    {"id": "01KE6XW4S0BBBBBBBBBBBBBBBB", "responder_id": DAN, "expires_at": iso(T0 + 86_400 * 28),
     "subject_zrns": [f"zen:request:{TWO}"], "subjects": [], "answers": [],
     "survey": {"id": "01J58KJ9RAE0D2EK7HRVM7Z8F2", "version": 3}},
]  # fmt: skip
SCHEDULE = {
    "id": 31, "name": "Office", "time_zone": "Berlin", "created_at": iso(T0), "updated_at": iso(T0),
    "intervals": [
        {"start_time": 1440 + 540, "end_time": 1440 + 1020}, {"start_time": 9960, "end_time": 10140},
    ],
}  # fmt: skip


def times(
    name: str, rows: list[Any], end_time: int | None, *, last: bool, link: str | None
) -> dict[str, Any]:
    return {
        name: rows, "count": len(rows), "end_time": end_time, "end_of_stream": last, "next_page": link,
        "before_url": None,
    }  # fmt: skip


def cursors(name: str, rows: list[Any], after: str | None, *, last: bool) -> dict[str, Any]:
    url = after and f"https://elsewhere.example/api/v2/incremental/{name}/cursor.json?cursor={after}"
    return {
        name: rows, "after_cursor": after, "after_url": url, "before_cursor": None, "before_url": None,
        "end_of_stream": last,
    }  # fmt: skip


def account() -> Script:
    """Return a small account whose every number can be worked out by hand."""
    first, at = str(FIRST), "incremental/"
    shop = [{"id": n, "name": f"Shop {n}", "created_at": iso(T0), "deleted_at": None} for n in (1, 2)]
    events, links = f"{at}ticket_events", "https://elsewhere.example/api/v2/?page=2"
    pages = {
        (f"{at}users/cursor", first): Say(
            cursors("users", [user(ADA, "Ada", "admin"), user(BOB, "Bob", "end-user", active=False)], "u1=",
                    last=False), headers=LIMIT_A, way="gzip"),
        (f"{at}users/cursor", "u1="): Say(
            cursors("users", [user(CLEO, "Cleo", "end-user"), user(DAN, "Dan", "end-user")], "u2=",
                    last=True), way="chunked"),
        (f"{at}users/cursor", "u2="): Say(cursors("users", [], None, last=True)),
        ("groups", ""): Say({"groups": [{"id": 71, "name": "Care", "deleted": False}], "count": 2,
                             "next_page": "/api/v2/groups.json?page=2", "previous_page": None}),
        ("groups", "2"): Say({"groups": [{"id": 72, "name": "Fax", "deleted": True, "updated_at": iso(T0)}],
                              "count": 2, "next_page": None}, headers=LIMIT_C),
        (f"{at}organizations", first): Say(
            times("organizations", shop, T0 + 1, last=False, link=None), headers=LIMIT_B),
        (f"{at}organizations", str(T0 + 1)): Say(times("organizations", [], None, last=True, link=None)),
        ("brands", ""): Say(
            {"errors": [{"code": "Forbidden", "title": "Forbidden", "detail": "No brands."}]}, 403),
        ("ticket_fields", ""): Say({"error": {"title": "Forbidden", "message": "You have no access."}}, 403),
        ("custom_statuses", ""): Say({"error": "InvalidEndpoint", "description": "Not found"}, 404),
        ("slas/policies", ""): Say({"error": "Couldn't authenticate you"}, 403),
        (f"{at}tickets/cursor", first): Say(cursors("tickets", TICKETS, "t1=", last=False), headers=BUCKET,
                                            way="chunked"),
        (f"{at}tickets/cursor", "t1="): Say(cursors("tickets", LATER, "t2=", last=True), way="gzip"),
        (f"{at}tickets/cursor", "t2="): Say(cursors("tickets", [], None, last=True)),
        (events, str(T0 + 7200)): Say(
            times("ticket_events", [SOLVED, SECOND_ASKED], T0 + 7201, last=False, link=links)),
        # Asked for two at once, the vendor gives the whole second.
        (events, str(T0 + 7201)): Say(
            times("ticket_events", [SECOND_ANSWERED, CALLED, *OTHERS], T0 + 7801, last=False, link=None),
            way="gzip"),
        (events, str(T0 + 7801)): Say(
            times("ticket_events", [DELETED, REDACTED], T0 + 9100, last=True, link=links), way="chunked"),
        (events, str(T0 + 9100)): Say(times("ticket_events", [REDACTED], T0 + 9100, last=True, link=links)),
        (f"tickets/{TWO}/comments", ""): Say(
            {"comments": [comment(141, DAN, T0 + 7200, "My card is ▇▇▇▇.", event_type=None),
                          comment(151, ADA, T0 + 7800, "Look it up in the drawer.", public=False)],
             "meta": {"has_more": False, "after_cursor": "x", "before_cursor": "y"}, "links": {}},
            way="chunked"),
        ("satisfaction_ratings", first): Say({"satisfaction_ratings": RATINGS, "meta": {"has_more": False}}),
        ("satisfaction_ratings", str(T0 + 8600 - 3600)): Say(
            {"satisfaction_ratings": RATINGS[:2], "meta": {"has_more": False}}),
        ("satisfaction_reasons", ""): Say({"reasons": [], "count": 0, "next_page": None}),
        ("ticket_forms", ""): Say({"error": "InvalidEndpoint", "description": "Not found"}, 404),
        ("guide/survey_responses", ""): Say(
            {"survey_responses": RESPONSES, "meta": {"has_more": False, "after_cursor": "MQ"}}, way="gzip"),
        ("chat/incremental/chats", "0"): Say({"error": "forbidden", "message": "No Chat here."}, 403),
        ("channels/voice/stats/incremental/calls", first): Say(
            {"calls": [], "count": 0, "end_time": T0, "next_page": "/api/v2/calls.json?start_time=1"}),
        ("channels/voice/stats/incremental/calls", str(T0)): Say(
            {"calls": [], "count": 0, "end_time": T0, "next_page": "/api/v2/calls.json?start_time=1"}),
        (f"tickets/{TWO}/conversation_log", ""): Say({"events": [], "meta": {"has_more": False}}),
        ("business_hours/schedules", ""): Say({"schedules": [SCHEDULE], "url": "…"}),
        ("business_hours/schedules/31/holidays", ""): Say(
            {"holidays": [
                {"id": 5, "name": "May Day", "start_date": "2026-05-01", "end_date": "2026-05-01"}]}),
    }  # fmt: skip
    script = Script({key: [say] for key, say in pages.items()})
    start = times("ticket_events", [ASKED, RULED, ANSWERED, SOLVED], T0 + 7200, last=False, link=links)
    script.answers[events, first] = [
        Say(EDGE, 429),
        Say("upstream request timeout", 504, {"Content-Type": "text/plain"}),
        Say(start, headers=LIMIT_A, way="gzip"),
    ]
    return script
