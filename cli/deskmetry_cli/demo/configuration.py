"""Configuration: the demo's `deskmetry.toml`, which shows how each kind of source is written."""

from __future__ import annotations

from collections.abc import Mapping

from .books import COSTS, ORDERS, PLANS
from .company import ACCOUNTS, CHANNELS, CHATS, DESK, MARKETS, TEAMS, VOICES, DemoCompany
from .envelope import FILES
from .voices import AGENT, CONTACT, CSAT, NPS, OUTING, QUALITY, REASON, RELATION, TICKET, WHY

MBOX, MAILDIR = "support", "orders"
"""The mail sources and their folders: mbox files, the mirror of an IMAP account."""
SHOP, CARE, BOOKS = "shop", "care", "books"
"""The sources that are files, and their folders."""
_STATES = 'open = "placed", shipped = "paid", returned = "refunded", cancelled = "cancelled"'
_KINDS = 'Wages = "wages", Overtime = "overtime", "Employer\'s share" = "taxes", Licence = "tools"'
TOKEN = "token"  # noqa: S105 - the name of a file


def configuration(company: DemoCompany, ports: Mapping[str, int]) -> str:
    """Return the text of the demo's `deskmetry.toml`. ports: where each emulated account is served."""
    head = f"""\
# The demo of Deskmetry: a year of support at {company.name}, which doesn't exist.
# Where a token stands in a file here, yours may as well come from the environment or the keyring;
# where a url names this machine, an emulator is served while a command reads it.
database = "deskmetry.db"
timezone = "{company.zone}"
"""
    parts = (head, _mail(company), _helpdesks(company, ports), _surveys(ports), _sales(company), _costs())
    return "\n".join(parts)


def _mail(company: DemoCompany) -> str:
    files = "".join(f'  "{MBOX}/{name}.mbox",\n' for name in FILES)
    return f"""\
# The support mailbox, as mbox files. What comes from `addresses` is an answer, all else a question.
[sources.{MBOX}]
connector = "mailbox"
path = [
{files}]
{_own(company, MBOX)}
# Another mailbox: an IMAP account, mirrored into a Maildir as OfflineIMAP and mbsync do it.
# It gets no new mail, so it is known until its newest one and not until it is read.
[sources.{MAILDIR}]
connector = "mailbox"
path = "{MAILDIR}"
live = false
{_own(company, MAILDIR)}"""


def _own(company: DemoCompany, account: str) -> str:
    """Return the settings of a mail account that say what its addresses are for."""
    addresses = {mailbox: company.address(mailbox) for mailbox in ACCOUNTS[account]}
    # The domain stands for the agents' own addresses and for the contact form's.
    own = ", ".join(f'"{address}"' for address in (*addresses.values(), f"@{company.domain}"))
    channels = ", ".join(f'"{address}" = "{CHANNELS[name]}"' for name, address in addresses.items())
    teams = ", ".join(f'"{address}" = "{TEAMS[name]}"' for name, address in addresses.items())
    return f"addresses = [{own}]\nchannels = {{ {channels} }}\nteams = {{ {teams} }}\n"


def _at(source: str, ports: Mapping[str, int], path: str = "") -> str:
    return f'url = "http://127.0.0.1:{ports[source]}{path}"\ntoken = {{ file = "{source}/{TOKEN}" }}'


def _helpdesks(company: DemoCompany, ports: Mapping[str, int]) -> str:
    return f"""\
# The web shop's helpdesk, a Zendesk. Its bot works with an agent's account, so it is named.
[sources.{DESK}]
connector = "zendesk"
{_at(DESK, ports)}
bots = {company.desk.bots}
# The emulator doesn't work out Zendesk's own metrics.
sideloads = ["users"]

# What buyers on marketplaces write, by eDesk. It tells no history of statuses.
[sources.{MARKETS}]
connector = "edesk"
{_at(MARKETS, ports, "/v1")}

# The chat window on the company's pages, by LiveChat.
[sources.{CHATS}]
connector = "livechat"
{_at(CHATS, ports)}
"""


def _surveys(ports: Mapping[str, int]) -> str:
    return f"""\
# Surveys. `deskmetry check` prints those that are neither mapped nor left out, with their ids, to be copied.
[sources.{VOICES}]
connector = "surveymonkey"
{_at(VOICES, ports)}
tickets = "{DESK}"        # the source whose tickets and agents these variables of the link name
ticket = "{TICKET}"
agent = "{AGENT}"
leave_out = ["{OUTING}"]    # the works outing: measures nothing

[sources.{VOICES}.surveys.after-contact]
id = "{CONTACT}"
[sources.{VOICES}.surveys.after-contact.questions]
{CSAT} = {{ kind = "csat", score = "first_best", comment = "{WHY}" }}
{QUALITY} = "quality"

[sources.{VOICES}.surveys.relationship]
id = "{RELATION}"
[sources.{VOICES}.surveys.relationship.questions]
{NPS} = {{ kind = "nps", comment = "{REASON}" }}
"""


def _sales(company: DemoCompany) -> str:
    return f"""\
# Orders, as the shop exports them. Left stands what Deskmetry stores, right the column of the file.
[sources.{SHOP}]
connector = "table"
path = "{SHOP}/{ORDERS}"
into = "orders"
timezone = "{company.zone}"
[sources.{SHOP}.columns]
id = "Order"
placed_at = "Placed"
paid_at = "Paid"
amount_minor = {{ column = "Net", unit = "EUR" }}
refunded_minor = {{ column = "Refunded", unit = "EUR", default = 0 }}
cost_minor = {{ column = "Cost", unit = "EUR" }}
status = {{ column = "State", map = {{ {_STATES} }} }}
customer_email = "E-mail"
customer_name = "Name"
customer_phone = "Phone"

# Service plans by subscription: every change of what is paid a month.
[sources.{CARE}]
connector = "table"
path = "{CARE}/{PLANS}"
into = "subscription_changes"
timezone = "{company.zone}"
[sources.{CARE}.columns]
id = {{ key = ["Contract", "Date"] }}
subscription_id = "Contract"
at = "Date"
before_minor = {{ column = "Before", unit = "EUR" }}
after_minor = {{ column = "After", unit = "EUR" }}
opening = {{ column = "Change", map = {{ opening = "true", "*" = "false" }} }}
customer_email = "E-mail"
customer_name = "Name"
"""


def _costs() -> str:
    return f"""\
# What support costs, from the bookkeeping: a line a month for each person's pay and each supplier.
[sources.{BOOKS}]
connector = "table"
path = "{BOOKS}/{COSTS}"
into = "costs"
dates = "%m/%Y"
decimal = ","
[sources.{BOOKS}.columns]
id = {{ key = ["Month", "Item", "Person", "Supplier"] }}
kind = {{ column = "Item", map = {{ {_KINDS} }} }}
from_day = "Month"
until_day = {{ column = "Month", plus = {{ months = 1 }} }}
amount_minor = {{ column = "Amount", unit = "EUR" }}
hours = "Hours"
agent_email = "Person"
"""
