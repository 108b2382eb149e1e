"""Workspace: the folder of the demo: what its sources hold, and the configuration that reads them."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

from deskmetry.errors import FolderTaken

from .company import ACCOUNTS, CHANNELS, TEAMS, DemoCompany
from .envelope import FILES
from .mail import FOLDERS, private, write_maildir, write_mbox
from .serving import ACCOUNT, MARKER, free_port
from .story import TICKETS_PER_YEAR, tell

MBOX, MAILDIR, DESK = "support", "orders", "webshop"
"""The sources and their folders: mbox files, the mirror of an IMAP account, the account of a helpdesk."""
TOKEN = "token"  # noqa: S105 - the name of a file
_MARKED = "This folder was made by `deskmetry demo`, which replaces what it made. Nothing in it is real.\n"


def build(
    folder: Path,
    *,
    seed: int = 7,
    until: date,
    tickets_per_year: int = TICKETS_PER_YEAR,
    port: int | None = None,
) -> DemoCompany:
    """Make the folder with `deskmetry.toml` and a folder for each source, and return the story told in them.

    The story begins with the month a year before `until` and ends before `until`, local time; equal arguments
    give equal bytes. port: where the helpdesk is to be served, a free one if not given. A folder made by an
    earlier call is made anew (files of other names in it stay). Raises FolderTaken if the folder exists,
    holds something and wasn't made by the demo.
    """
    _clear(folder)
    company = tell(seed, until, tickets_per_year)
    for name in (MBOX, MAILDIR, DESK):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    write_mbox(company, MBOX, folder / MBOX, seed)
    write_maildir(company, MAILDIR, folder / MAILDIR, seed)
    token = f"made-up-{seed}-{until}"
    _write(
        folder / DESK / ACCOUNT, json.dumps(company.desk.plain(company.name, token), separators=(",", ":"))
    )
    _write(folder / DESK / TOKEN, token)
    _write(folder / "deskmetry.toml", configuration(company, free_port(folder) if port is None else port))
    return company


def configuration(company: DemoCompany, port: int) -> str:
    """Return the text of the demo's `deskmetry.toml`."""
    files = "".join(f'  "{MBOX}/{name}.mbox",\n' for name in FILES)
    return f"""\
# The demo of Deskmetry: a year of support at {company.name}, which doesn't exist.
database = "deskmetry.db"
timezone = "{company.zone}"

# The support mailbox, as mbox files.
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
{_own(company, MAILDIR)}
# The web shop's helpdesk, an emulated Zendesk. It runs at this address while a command that reads it does.
[sources.{DESK}]
connector = "zendesk"
url = "http://127.0.0.1:{port}"
token = {{ file = "{DESK}/{TOKEN}" }}
bots = {company.desk.bots}
# The emulator doesn't work out Zendesk's own metrics.
sideloads = ["users"]
"""


def _own(company: DemoCompany, account: str) -> str:
    """Return the settings of a mail account that say what its addresses are for."""
    addresses = {mailbox: company.address(mailbox) for mailbox in ACCOUNTS[account]}
    # The domain stands for the agents' own addresses and for the contact form's.
    own = ", ".join(f'"{address}"' for address in (*addresses.values(), f"@{company.domain}"))
    channels = ", ".join(f'"{address}" = "{CHANNELS[name]}"' for name, address in addresses.items())
    teams = ", ".join(f'"{address}" = "{TEAMS[name]}"' for name, address in addresses.items())
    return f"addresses = [{own}]\nchannels = {{ {channels} }}\nteams = {{ {teams} }}\n"


def _clear(folder: Path) -> None:
    """Remove what an earlier demo made in the folder, then mark it as the demo's."""
    marker = folder / MARKER
    if folder.exists() and not marker.is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderTaken(folder, MARKER)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = [folder / "deskmetry.toml", folder / DESK / ACCOUNT, folder / DESK / TOKEN]
    made += [folder / MBOX / f"{name}.mbox" for name in FILES]
    # The database, and what SQLite and the engine keep beside it, would hold the story told before.
    for path in (*made, *folder.glob("deskmetry.db*")):
        if path.is_file() or path.is_symlink():
            path.unlink()
    for name in FOLDERS.values():
        place = folder / MAILDIR / name
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
    _write(marker, _MARKED)


def _write(path: Path, text: str) -> None:
    with open(path, "w", encoding="utf-8", newline="\n", opener=private) as file:
        file.write(text)
