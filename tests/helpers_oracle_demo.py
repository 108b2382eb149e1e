"""Oracle of the demo's company: what each of its sources tells, from the accounts and files in its folder."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from deskmetry_connectors.edesk.emulator import told as edesk
from deskmetry_connectors.livechat.emulator import told as livechat
from deskmetry_connectors.surveymonkey.emulator import told as surveymonkey
from deskmetry_connectors.zendesk.emulator import told as zendesk
from helpers_oracle import World
from helpers_oracle_edesk import edesk_world, looked_once
from helpers_oracle_livechat import livechat_world
from helpers_oracle_mailbox import Account, mailbox_world
from helpers_oracle_surveymonkey import surveymonkey_world
from helpers_oracle_zendesk import zendesk_world
from helpers_oracle_zendesk_live import Staff

Settings = Mapping[str, Any]
ROLES = {
    "inbox": "inbox", "INBOX": "inbox", "sent": "sent", "Sent": "sent", "junk": "junk", "Junk": "junk",
}  # fmt: skip


def demo_world(folder: Path) -> World:
    """Return what the sources in the demo's folder tell, all of them."""
    sources = tomllib.loads((folder / "deskmetry.toml").read_text("utf-8"))["sources"]
    world, worlds = World(), dict[str, World]()
    for name, settings in sources.items():
        make = _MADE.get(settings["connector"])
        if make is not None:
            worlds[name] = make(folder, name, settings)
    for name, settings in sources.items():
        if settings["connector"] == "surveymonkey":
            tickets = {one.id: one for one in worlds[settings["tickets"]].tickets}
            account = surveymonkey.account(told(folder, name))
            worlds[name] = surveymonkey_world(account, name, settings, tickets)
        elif settings["connector"] == "table":
            written = (folder / settings["path"]).stat().st_mtime_ns // 1_000_000
            worlds[name] = World({name: written})  # orders, subscriptions and costs: nothing of support
    for name in sources:
        world += worlds[name]
    return world


def told(folder: Path, name: str) -> dict[str, Any]:
    """Return the story of an account that the demo serves."""
    found: dict[str, Any] = json.loads((folder / name / "account.json").read_text("utf-8"))
    return found


def _mailbox(folder: Path, name: str, settings: Settings) -> World:
    paths = [settings["path"]] if isinstance(settings["path"], str) else settings["path"]
    files = [found for path in paths for found in _folders(folder / path)]
    account = Account(name, settings["addresses"], settings["channels"], settings["teams"])
    return mailbox_world(account, files, _held(folder))


def _folders(path: Path) -> list[tuple[str, Path]]:
    if path.is_file():
        return [(ROLES[path.stem], path)]
    return [(ROLES[inner.name], inner) for inner in sorted(path.iterdir())]


def _held(folder: Path) -> frozenset[str]:
    """Return the Message-IDs of mails that a helpdesk holds."""
    found = set[str]()
    for path in folder.glob("*/account.json"):
        for ticket in json.loads(path.read_text("utf-8")).get("tickets", ()):
            found |= {f"<{one['message_id']}>" for one in ticket["updates"] if one.get("message_id")}
    return frozenset(found)


def _zendesk(folder: Path, name: str, settings: Settings) -> World:
    story = told(folder, name)
    agents = {row["id"] for row in story["people"] if row["role"] != "customer"}
    staff = Staff(frozenset(agents), frozenset(settings["bots"]))
    return zendesk_world(zendesk.account(story), name, staff)


def _edesk(folder: Path, name: str) -> World:
    account = edesk.account(told(folder, name))
    return edesk_world(account, name, looked_once(account))


_MADE: Mapping[str, Callable[[Path, str, Settings], World]] = {
    "mailbox": _mailbox,
    "zendesk": _zendesk,
    "edesk": lambda folder, name, _: _edesk(folder, name),
    "livechat": lambda folder, name, _: livechat_world(livechat.account(told(folder, name)), name),
}
