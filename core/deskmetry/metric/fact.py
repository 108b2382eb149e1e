"""Fact: the derived tables that metrics are declared over, with their columns and what each holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a fact: its name, `TEXT`, `INTEGER` or `REAL`, and what it holds."""

    name: str
    type: str
    doc: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One table of derived rows. `key` is its primary key; `days` maps an instant to its stored local day.

    Instants (`…_at`) are integer milliseconds since 1970 UTC, durations (`…_ms`) integer milliseconds, days
    (`…_day`) days since 1970 in the configured time zone. Facts hold what is known up to the source's
    `complete_until`: nothing in them depends on the clock.
    """

    name: str
    doc: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    days: Mapping[str, str] = field(default_factory=dict)
    view: bool = False

    def __contains__(self, name: object) -> bool:
        return any(column.name == name for column in self.columns)

    def names(self) -> tuple[str, ...]:
        """Return the names of the columns, in order."""
        return tuple(column.name for column in self.columns)


def _columns(type_: str, **docs: str) -> tuple[Column, ...]:
    return tuple(Column(name, type_, doc) for name, doc in docs.items())


_TICKET_KEY = (
    Column("source_id", "INTEGER", "Source"),
    Column("ticket_id", "TEXT", "Ticket, the vendor's id"),
)
_DIMENSIONS = _columns(
    "TEXT",
    source="Name of the source",
    connector="Connector of the source",
    channel="Channel of the ticket",
    medium="ticket, email, chat or phone",
    brand="Name of the brand",
    team="Name of the team (whose: see the fact)",
    agent="Key of the agent (whose: see the fact): their e-mail in lower case, else source and id",
    priority="Priority",
    opened_by="Who opened the ticket: customer, agent, bot or system",
    excluded="Why the ticket never counts (spam, newsletter, bounce, automatic, merged, deleted,"
    " duplicate: another source holds it too), else null",
)
_SURVEY = _columns(
    "TEXT",
    kind="csat, nps, ces, quality, self_service, relationship or review",
    survey="Name or id of the survey",
)

_SUBJECT = (
    Column("source_id", "INTEGER", "Source that tells of it; `source` and `connector` are its own"),
    Column("subject", "TEXT", "What it is about: `ticket:` or `customer:` and the vendor's id; if it names"
           " neither, `offered:` and the instant, or `answer:` and its id"),
    Column("ticket_source_id", "INTEGER", "Source of the ticket; null if none is named"),
    Column("ticket_id", "TEXT", "Ticket, the vendor's id; null if none is named. Channel, medium, brand and"
           " all that is a ticket's are null where it isn't known"),
)  # fmt: skip
_OF_CUSTOMER = _columns(
    "TEXT",
    organization="Name of the organization of the ticket's customer; without a ticket, of the customer asked",
    language="Language, likewise",
    segment="Customer segment, likewise",
    country="Customer's country, likewise",
)

TICKETS = Fact(
    "ticket_facts",
    "One row a ticket; agent and team are those of the current assignment.",
    ("source_id", "ticket_id"),
    (
        *_TICKET_KEY,
        *_DIMENSIONS,
        *_columns(
            "TEXT",
            organization="Name of the customer's organization",
            type="Ticket type",
            language="Language",
            segment="Customer segment",
            country="Customer's country",
            customer="`new` if the person had no ticket before, else `returning`; null if not known",
            held_source="For a mailbox: name of the source that holds the same mail too, else null",
            held_ticket="Ticket there",
            person="Key of the person, whom an address or a telephone number joins over sources: e-mail in"
            " lower case, else source and customer id; null if not known",
            fields="Custom fields by name, as JSON",
            status="Status as far as is known",
            status_how="How the status history is known: reported, observed or inferred",
            resolved_by="human, bot or nobody; null while unsolved",
            first_agent="Key of the agent who gave the first human reply",
            first_team="Team of that agent, else of the ticket",
            first_solved_agent="Key of the assignee at the first solve",
            first_solved_team="Team at the first solve",
            solved_agent="Key of the assignee at the last solve (for mail: of the last replier)",
            solved_team="Team at the last solve",
        ),
        *_columns(
            "INTEGER",
            created_at="When the ticket was created",
            created_day="Local day of created_at",
            first_customer_at="First customer message (public, not automatic)",
            first_replied_at="First human reply at or after the first customer message",
            first_replied_day="Local day of first_replied_at",
            first_solved_at="First solve; for an inferred one known only once its rule fired",
            first_solved_day="Local day of first_solved_at",
            solved_at="Last solve of a ticket that is solved; null for one that isn't",
            solved_day="Local day of solved_at",
            assumed_at="Solve that a rule will infer if the customer stays silent; not counted yet",
            assumed_from_at="When that rule fires",
            reopened_at="First change back to unsolved after the first solve",
            waiting_since_at="Earliest customer message still unanswered by a human; null if none or solved",
            last_customer_at="Last customer message",
            last_message_at="Last message of any kind",
            deleted_at="Tombstone",
            held_at="Latest instant at which another source came to hold the same mail, or held it no more",
            previous_contact_at="Creation of the person's ticket before this one, over all sources",
            next_contact_at="Creation of the person's ticket after this one, over all sources",
            changed_at="Latest instant of anything that went into the ticket's facts",
            first_response_ms="first_customer_at to first_replied_at",
            first_resolution_ms="created_at to first_solved_at",
            resolution_ms="created_at to solved_at",
            reopened_after_ms="first_solved_at to reopened_at",
            requester_wait_ms="Time in new, open and on_hold up to the last solve; null while unsolved, and"
            " where nothing tells the changes of status",
            agent_wait_ms="Time in pending, likewise",
            on_hold_ms="Time in on_hold, likewise",
            customer_messages="Number of customer messages",
            human_replies="Number of human replies",
            bot_replies="Number of public messages by bots",
            sessions="Number of chat sessions and calls",
            accepted_sessions="Number of those that a human took",
            notes="Number of internal notes",
            repliers="Number of different agents who replied",
            teams="Number of different teams that had it",
            solves="Number of solves",
            reopenings="Number of reopenings",
            reply_elsewhere="1 if it was marked answered but the reply isn't in the source",
        ),
    ),
    {
        "created_at": "created_day",
        "first_replied_at": "first_replied_day",
        "first_solved_at": "first_solved_day",
        "solved_at": "solved_day",
    },
)

MESSAGES = Fact(
    "message_facts",
    "One row a message; agent and team are the author's for replies and notes, else the ticket's.",
    ("source_id", "ticket_id", "message_id"),
    (
        Column("source_id", "INTEGER", "Source"),
        Column("message_id", "TEXT", "Message, the vendor's id"),
        Column("ticket_id", "TEXT", "Ticket"),
        *_DIMENSIONS,
        Column("kind", "TEXT", "customer, reply (human, public), note, bot, system or automatic"),
        *_columns("INTEGER", sent_at="When it was sent or arrived", sent_day="Local day of sent_at"),
    ),
    {"sent_at": "sent_day"},
)

REPLIES = Fact(
    "reply_facts",
    "One row a customer turn, answered or not; agent and team are the replier's, else the ticket's.",
    ("source_id", "ticket_id", "turn"),
    (
        *_TICKET_KEY,
        Column("turn", "INTEGER", "Number of human replies before this turn: 0 for the first"),
        *_DIMENSIONS,
        Column("message_id", "TEXT", "Message that answers; null while unanswered"),
        *_columns(
            "INTEGER",
            asked_at="Earliest customer message still unanswered",
            asked_day="Local day of asked_at",
            replied_at="The human reply that answers; null while unanswered",
            replied_day="Local day of replied_at",
            response_ms="asked_at to replied_at",
        ),
    ),
    {"asked_at": "asked_day", "replied_at": "replied_day"},
)

SPANS = Fact(
    "unsolved_spans",
    "One row a span in which a ticket was unsolved with one team, assignee and priority; those of the span.",
    ("source_id", "ticket_id", "number"),
    (
        *_TICKET_KEY,
        Column("number", "INTEGER", "Order of the span within the ticket, from 0"),
        *_DIMENSIONS,
        *_columns(
            "INTEGER",
            created_at="When the ticket was created",
            from_at="Begin of the span",
            until_at="End of the span, exclusive; null while it lasts. An inferred solve ends it once known",
        ),
    ),
)

STATUSES = Fact(
    "status_facts",
    "One row a change of status; agent and team are the ticket's.",
    ("source_id", "ticket_id", "number"),
    (
        *_TICKET_KEY,
        Column("number", "INTEGER", "Order of the change within the ticket, from 0"),
        *_DIMENSIONS,
        *_columns("TEXT", old="Status before", new="Status after", how="reported, observed or inferred"),
        *_columns(
            "INTEGER",
            at="When it changed",
            day="Local day of at",
            known_at="When it was known; later than `at` only for an inferred solve",
            solves="1 for a change from unsolved to solved, else 0",
            reopens="1 for a change from solved to unsolved, else 0",
        ),
    ),
    {"at": "day"},
)

TAGS = Fact(
    "tag_facts",
    "One row a tag on a ticket now; a ticket without tags has none.",
    ("source_id", "ticket_id", "tag"),
    (*_TICKET_KEY, Column("tag", "TEXT", "Tag")),
)

OFFERS = Fact(
    "offer_facts",
    "One row a survey offered, about a ticket or to a customer; agent and team are those it is about, else"
    " the ticket's. An answer that names nobody, only when it was offered, and that no such offer accounts"
    " for, has one too where its source tells of offers.",
    ("source_id", "subject", "offer_id"),
    (
        *_SUBJECT,
        Column("offer_id", "TEXT", "Offer, the vendor's id; `answer:` and its id where only that is known"),
        *_DIMENSIONS,
        *_OF_CUSTOMER,
        *_SURVEY,
        *_columns(
            "INTEGER",
            offered_at="When it was offered",
            offered_day="Local day of offered_at",
            answered_at="First answer after it, and before the survey was offered again; null if none",
        ),
    ),
    {"offered_at": "offered_day"},
)

ANSWERS = Fact(
    "answer_facts",
    "One row an answer that counts: of each ticket, survey and aspect the latest; of those without a ticket"
    " each. Superseded and deleted ones have none. Agent and team are those it is about, else the ticket's.",
    ("source_id", "subject", "answer_id"),
    (
        *_SUBJECT,
        Column("answer_id", "TEXT", "Answer, the vendor's id"),
        *_DIMENSIONS,
        *_OF_CUSTOMER,
        *_SURVEY,
        *_columns("TEXT", aspect="Aspect of a quality survey", label="Answer in the vendor's words"),
        Column("score", "REAL", "Score from 0 (lowest of its scale) to 1 (highest); null without a scale"),
        *_columns(
            "INTEGER",
            offered_at="When it was offered",
            answered_at="When it was answered",
            answered_day="Local day of answered_at",
            satisfied="csat: 1 for good or one of the top max(1, floor(0.4 k)) of k points, else 0; null"
            " without a label good or bad or a scale",
            promoter="nps: 1 for 9 or 10 points, else 0; null for other scales than 0 to 10",
            detractor="nps: 1 for 0 to 6 points, else 0; null likewise",
        ),
    ),
    {"answered_at": "answered_day"},
)

SESSIONS = Fact(
    "session_facts",
    "One row a chat session or call; agent and team are those who took it, else the first to write in it; a"
    " missed one has the ticket's team and nobody, unless the source says whose it was. medium (chat or"
    " phone) and opened_by are the session's own. Its messages are those of the ticket between its begin and"
    " its end, or the next session.",
    ("source_id", "ticket_id", "session_id"),
    (
        *_TICKET_KEY,
        Column("session_id", "TEXT", "Session, the vendor's id"),
        *_DIMENSIONS,
        *_columns(
            "TEXT",
            kind="chat or call",
            end="completed, missed or abandoned (left while queueing); null while it isn't over",
        ),
        *_columns(
            "INTEGER",
            asked_at="When the customer asked",
            asked_day="Local day of asked_at",
            accepted_at="When it was accepted; null where the source knows no acceptance, or there was none",
            first_human_at="First human message in it",
            left_at="When the customer left unanswered",
            ended_at="When it ended",
            wait_ms="asked_at to the acceptance by a human, else to first_human_at; null for missed ones and"
            " those that an agent began",
            queue_ms="Time in the queue, as the source says",
            talk_ms="Time in conversation, as the source says",
            wrap_up_ms="Time after it, as the source says",
            duration_ms="Acceptance, else first human message, to the end; calls: the time in conversation"
            " where the source says it; null for missed ones",
            handle_ms="duration_ms, for calls with the time after it",
            left_after_ms="asked_at to left_at, for missed ones: short abandons are cut by it",
            customer_messages="Number of customer messages in it",
            human_messages="Number of human messages in it, public and not automatic",
            bot_messages="Number of public messages by bots in it",
            accepted="1 if a human took it, else 0",
            missed="1 if it ended, or the customer left, without a human or a bot that solved it, else 0;"
            " null while it isn't over, and for those that an agent began",
            rated_bad="1 if a csat answer about the ticket, given before its next session, isn't satisfied,"
            " else 0",
        ),
    ),
    {"asked_at": "asked_day"},
)

ACTIVITY = Fact(
    "activity_facts",
    "One row a message or change of status (a view over both facts).",
    (),
    (
        *_TICKET_KEY,
        *_DIMENSIONS,
        *_columns("INTEGER", at="When something happened", day="Local day of at"),
    ),
    {"at": "day"},
    view=True,
)

FACTS: tuple[Fact, ...] = (
    TICKETS,
    MESSAGES,
    REPLIES,
    SPANS,
    STATUSES,
    TAGS,
    OFFERS,
    ANSWERS,
    SESSIONS,
    ACTIVITY,
)
"""Every fact, tables first, then views over them."""
