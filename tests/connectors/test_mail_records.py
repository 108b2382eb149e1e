"""What a mail becomes: direction, author, automatic, instant, identity, labels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deskmetry.errors import RecordError
from deskmetry.records.kinds import ActorKind, AutomaticKind, FolderRole
from deskmetry_connectors.email.folders import gmail_labels, role_of
from deskmetry_connectors.email.own import Own
from deskmetry_connectors.email.records import version_of
from helpers_mail import NOW, SUPPORT, agents_of, customers_of, header_of, mail, message_of, records_of

REPORT = "multipart/report; report-type=delivery-status; boundary=b"
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


# --- direction ----------------------------------------------------------------------------------------


def test_a_customers_mail_is_inbound() -> None:
    records = records_of(mail())
    message, header = message_of(records), header_of(records)
    assert (message.author_kind, message.author_id, message.automatic) == (
        ActorKind.CUSTOMER,
        "jane@customer.example",
        False,
    )
    assert (message.ticket_id, message.channel, message.body, message.length) == (
        None,
        "email",
        "Where is my order?",
        18,
    )
    assert (header.inbound, header.counterpart, header.counterpart_name) == (
        True,
        "jane@customer.example",
        "Jane Doe",
    )
    assert header.mail_id == message.id
    assert header.id == f"INBOX/{message.id}"
    assert [(found.id, found.name) for found in customers_of(records)] == [
        ("jane@customer.example", "Jane Doe")
    ]
    assert not agents_of(records)


@pytest.mark.parametrize(
    "author", ["Support <SUPPORT@acme.example>", "anna@acme.example", "support+42@acme.example"]
)
def test_a_mail_from_an_own_address_is_outbound(author: str) -> None:
    records = records_of(mail(from_=author, to="Jane <jane@customer.example>"), role=FolderRole.SENT)
    assert message_of(records).author_kind is ActorKind.AGENT
    assert (header_of(records).inbound, header_of(records).counterpart) == (False, "jane@customer.example")
    assert customers_of(records)[0].id == "jane@customer.example"


def test_direction_is_the_same_in_whatever_folder_a_copy_lies() -> None:
    raw = mail(from_=SUPPORT, to="jane@customer.example")
    assert message_of(records_of(raw, folder="Sent", role=FolderRole.SENT)) == message_of(records_of(raw))


def test_an_own_sender_makes_it_outbound() -> None:
    records = records_of(mail(from_="boss@private.example", sender=SUPPORT, to="jane@customer.example"))
    assert not header_of(records).inbound


def test_an_own_sender_of_a_mail_to_ourselves_is_a_relay() -> None:
    assert header_of(records_of(mail(sender="group@acme.example"))).inbound


def test_a_web_form_in_our_name_is_the_customers() -> None:
    raw = mail(
        from_="Shop <support@acme.example>",
        reply_to="Jane <jane@customer.example>",
        auto_submitted="auto-generated",
    )
    records = records_of(raw)
    assert header_of(records).counterpart == "jane@customer.example"
    assert header_of(records).channel == message_of(records).channel == "web_form"
    assert (message_of(records).author_kind, message_of(records).automatic) == (ActorKind.CUSTOMER, False)


def test_an_answer_with_a_foreign_reply_to_is_no_web_form() -> None:
    raw = mail(from_=SUPPORT, to=f"jane@customer.example, {SUPPORT}", reply_to="tickets@helpdesk.example")
    assert not header_of(records_of(raw)).inbound


def test_a_group_that_rewrites_the_sender_hides_a_customer() -> None:
    group = {"from_": "'Jane Doe' via Support <support@acme.example>", "list_id": "<support.acme.example>"}
    original = records_of(
        mail(**group, x_original_from="Jane Doe <jane@customer.example>", precedence="list")
    )
    assert (header_of(original).counterpart, message_of(original).channel) == (
        "jane@customer.example",
        "email",
    )
    assert not message_of(original).automatic
    replied = records_of(mail(**group, reply_to="Jane Doe <jane@customer.example>"))
    assert (header_of(replied).counterpart, message_of(replied).channel) == ("jane@customer.example", "email")


def test_a_mail_among_ourselves_is_an_internal_note() -> None:
    records = records_of(mail(from_="anna@acme.example", to="bob@acme.example"))
    assert (message_of(records).public, header_of(records).counterpart, customers_of(records)) == (
        False,
        None,
        [],
    )
    assert message_of(records_of(mail(from_="anna@acme.example", to="undisclosed-recipients:;"))).public


def test_a_blind_copy_names_the_customer() -> None:
    assert (
        header_of(records_of(mail(from_=SUPPORT, to=None, bcc="jane@customer.example"))).counterpart
        == "jane@customer.example"
    )


# --- automatic ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"auto_submitted": "auto-replied"}, AutomaticKind.AUTO_REPLY),
        ({"auto_submitted": "auto-replied; owner-email=x"}, AutomaticKind.AUTO_REPLY),
        ({"auto_submitted": "auto-generated"}, AutomaticKind.NOTIFICATION),
        ({"precedence": "auto_reply"}, AutomaticKind.AUTO_REPLY),
        ({"precedence": "bulk"}, AutomaticKind.NEWSLETTER),
        ({"precedence": "list"}, AutomaticKind.NEWSLETTER),
        ({"precedence": "bulk", "in_reply_to": "<a@b>"}, AutomaticKind.AUTO_REPLY),
        ({"precedence": "junk"}, AutomaticKind.AUTO_REPLY),
        ({"x_autoreply": "yes"}, AutomaticKind.AUTO_REPLY),
        ({"x_autorespond": "Re: Order"}, AutomaticKind.AUTO_REPLY),
        ({"list_unsubscribe": "<https://x.example>"}, AutomaticKind.NEWSLETTER),
        ({"list_id": "News <news.shop.example>"}, AutomaticKind.NEWSLETTER),
        ({"content_type": REPORT}, AutomaticKind.BOUNCE),
        ({"return_path": "<>", "from_": "Mail Delivery <MAILER-DAEMON@mx.example>"}, AutomaticKind.BOUNCE),
        (
            {"content_type": "multipart/report; report-type=disposition-notification; boundary=b"},
            AutomaticKind.NOTIFICATION,
        ),
        ({"auto_submitted": "no"}, None),
        ({"auto_submitted": "No (by hand)"}, None),
        ({"x_auto_response_suppress": "All"}, None),
        ({"subject": "Automatic reply: Out of office"}, None),
        ({"return_path": "<>"}, None),
        ({"precedence": "normal"}, None),
        ({"list_id": "<support.acme.example>", "precedence": "list", "list_unsubscribe": "<x>"}, None),
        ({"list_id": "Ours <Help.Partner.example>", "precedence": "list"}, None),
    ],
)
def test_automatic_mails_are_told_by_proof(fields: dict[str, str], kind: AutomaticKind | None) -> None:
    own = Own.of([SUPPORT], ["<help.partner.example>"])
    message = message_of(records_of(mail(**fields), own=own))
    assert (message.automatic, message.automatic_kind) == (kind is not None, kind)


def test_a_bounce_is_nobodys_question() -> None:
    records = records_of(mail(content_type=REPORT, from_="MAILER-DAEMON@mx.example"))
    assert (message_of(records).author_kind, message_of(records).author_id) == (ActorKind.SYSTEM, None)
    assert (header_of(records).counterpart, customers_of(records)) == (None, [])


def test_our_acknowledgement_is_neither_an_agents_nor_a_bots_answer() -> None:
    records = records_of(mail(from_=SUPPORT, to="jane@customer.example", auto_submitted="auto-replied"))
    message = message_of(records)
    assert (message.author_kind, message.author_id, message.automatic) == (ActorKind.SYSTEM, None, True)
    assert agents_of(records) == []


def test_an_answer_through_a_list_is_written_by_hand() -> None:
    raw = mail(
        from_="anna@acme.example", to="dev@list.example", list_id="<dev.list.example>", precedence="list"
    )
    assert not message_of(records_of(raw)).automatic


@pytest.mark.parametrize(
    ("fields", "role", "spam"),
    [
        ({}, FolderRole.JUNK, True),
        ({"x_spam_flag": "YES"}, FolderRole.INBOX, True),
        ({"x_gmail_labels": "Spam,Unread"}, FolderRole.OTHER, True),
        ({"x_spam_flag": "NO"}, FolderRole.INBOX, False),
    ],
)
def test_spam_is_told_by_folder_flag_and_label(fields: dict[str, str], role: FolderRole, spam: bool) -> None:
    assert header_of(records_of(mail(**fields), role=role)).spam is spam


# --- agents -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "agent", "email"),
    [
        ({"from_": "Anna <anna@acme.example>"}, "anna@acme.example", "anna@acme.example"),
        ({"from_": "Anna Bell <support@acme.example>"}, "support@acme.example|anna bell", None),
        ({"from_": "support@acme.example"}, "support@acme.example", None),
        (
            {"from_": "Acme <support@acme.example>", "sender": "Anna <anna@acme.example>"},
            "anna@acme.example",
            "anna@acme.example",
        ),
        (
            {"from_": "Acme <support@acme.example>", "sender": "sales@acme.example"},
            "sales@acme.example",
            None,
        ),
        ({"from_": "Acme <support@acme.example>", "x_agent": "Anna B."}, "anna b.", None),
        (
            {"from_": "Acme <support@acme.example>", "x_agent": "anna@acme.example"},
            "anna@acme.example",
            "anna@acme.example",
        ),
    ],
)
def test_agents_behind_a_shared_address_are_told_apart(
    fields: dict[str, str], agent: str, email: str | None
) -> None:
    records = records_of(mail(**fields, to="jane@customer.example"), agent_header="X-Agent")
    (found,) = agents_of(records)
    assert (found.id, found.email) == (agent, email)
    assert message_of(records).author_id == agent


def test_the_newest_name_that_customers_give_themselves_wins() -> None:
    (early,) = customers_of(records_of(mail()))
    (late,) = customers_of(
        records_of(mail(from_="Jane Roe <jane@customer.example>", date="Tue, 03 Mar 2026 10:00:00 +0000"))
    )
    (bare,) = customers_of(
        records_of(mail(from_="jane@customer.example", date="Wed, 04 Mar 2026 10:00:00 +0000"))
    )
    (ours,) = customers_of(
        records_of(
            mail(from_=SUPPORT, to="J <jane@customer.example>", date="Wed, 04 Mar 2026 10:00:00 +0000")
        )
    )
    versions = [found.version or 0 for found in (late, early, ours, bare)]
    assert versions == sorted(versions, reverse=True)
    assert len(set(versions)) == 4


# --- instants -----------------------------------------------------------------------------------------

ARRIVED = "from a by b; Mon, 02 Mar 2026 11:00:00 +0000"


def _sent(delivered: datetime | None = None, **fields: str | None) -> datetime:
    return message_of(records_of(mail(**fields), delivered=delivered)).sent_at


def test_an_inbound_mail_arrives_when_the_topmost_hop_says() -> None:
    assert _sent(received=ARRIVED) == datetime(2026, 3, 2, 11, tzinfo=UTC)
    assert _sent() == AT


def test_an_outbound_mail_is_sent_when_its_date_says() -> None:
    own: dict[str, Any] = {"from_": SUPPORT, "to": "jane@customer.example"}
    assert _sent(**own, received=ARRIVED) == AT
    assert _sent(**own, received=ARRIVED, date=None) == datetime(2026, 3, 2, 11, tzinfo=UTC)


def test_the_envelope_is_the_last_resort() -> None:
    assert _sent(delivered=AT + timedelta(hours=5), date="nonsense") == AT + timedelta(hours=5)
    assert _sent(delivered=AT + timedelta(hours=5)) == AT


def test_a_date_in_the_future_or_before_e_mail_is_not_believed() -> None:
    assert _sent(received="x; Mon, 02 Mar 2099 11:00:00 +0000") == AT
    assert _sent(delivered=AT, date="Thu, 01 Jan 1970 00:00:00 +0000") == AT
    tomorrow = (NOW + timedelta(hours=23)).strftime("%d %b %Y %H:%M:%S +0000")
    assert _sent(date=tomorrow) == NOW + timedelta(hours=23)


def test_a_mail_without_any_instant_is_set_aside() -> None:
    with pytest.raises(RecordError, match="no date"):
        records_of(mail(date=None))


def test_bytes_that_are_no_mail_are_set_aside() -> None:
    with pytest.raises(RecordError, match="not a mail"):
        records_of(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR: x", delivered=AT)


def test_the_earliest_copy_wins_then_the_longer_text() -> None:
    assert version_of(AT, 1) > version_of(AT + timedelta(milliseconds=1), 10**9)
    assert version_of(AT, 2) > version_of(AT, 1)
    assert (
        0
        < version_of(NOW + timedelta(days=30_000), 0)
        < version_of(datetime(1990, 1, 1, tzinfo=UTC), 10**9)
        < 2**63
    )


# --- settings and labels ------------------------------------------------------------------------------


def test_channel_and_team_follow_our_address() -> None:
    settings: dict[str, Any] = {
        "channels": {"sales@acme.example": "sales"},
        "teams": {"sales@acme.example": "Sales"},
    }
    inbound = records_of(mail(to=f"{SUPPORT}, Sales@acme.example"), **settings)
    outbound = records_of(mail(from_="sales@acme.example", to="jane@customer.example"), **settings)
    hidden = records_of(mail(to="list@x.example", delivered_to="sales@acme.example"), **settings)
    for records in (inbound, outbound, hidden):
        assert (header_of(records).channel, message_of(records).channel, header_of(records).team) == (
            "sales",
            "sales",
            "Sales",
        )
        assert ("teams", "Sales") in {(record.table, record.id) for record in records}
    assert header_of(records_of(mail(), **settings)).team is None


def test_gmail_labels_give_role_and_tags_and_thread() -> None:
    raw = mail(
        x_gmail_labels='=?UTF-8?Q?Inbox,Opened,"Returns,_urgent",Category_Updates,VIP?=', x_gm_thrid="1234"
    )
    header = header_of(records_of(raw))
    assert (header.folder_role, header.tags, header.thread_hint) == (
        FolderRole.INBOX,
        ["Returns, urgent", "VIP"],
        "1234",
    )
    assert gmail_labels("") == ()
    done = records_of(mail(x_gmail_labels="Inbox,Erledigt"), folders={"erledigt": FolderRole.DONE})
    assert header_of(done).folder_role is FolderRole.DONE


def test_a_draft_is_not_read_and_trash_is() -> None:
    assert records_of(mail(x_gmail_labels="Drafts")) == []
    assert header_of(records_of(mail(x_gmail_labels="Trash"))).folder_role is FolderRole.TRASH


def test_keywords_are_tags_and_flags_tell_what_was_answered() -> None:
    header = header_of(
        records_of(
            mail(keywords="refund, late", x_keywords="vip $Forwarded NonJunk", status="RO", x_status="A")
        )
    )
    assert (header.tags, header.answered) == (["refund", "late", "vip"], True)
    assert header_of(records_of(mail(x_mozilla_status="0003"))).answered
    assert not header_of(records_of(mail(status="Active", x_mozilla_status="zz"))).answered


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("INBOX", FolderRole.INBOX), ("[Gmail]/Sent Mail", FolderRole.SENT), ("Gesendet", FolderRole.SENT),
        ("Sent/2024", FolderRole.SENT), ("INBOX/Projects", FolderRole.OTHER), ("INBOX/Junk", FolderRole.JUNK),
        ("Entwürfe", FolderRole.DRAFTS), ("Archive", FolderRole.OTHER), ("Support/Erledigt", FolderRole.DONE),
        ("", FolderRole.OTHER),
    ],
)  # fmt: skip
def test_folder_names_tell_roles(name: str, role: FolderRole) -> None:
    assert role_of(name, {"erledigt": FolderRole.DONE}) is role
