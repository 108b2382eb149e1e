"""Workspace: the folder of the demo: a made-up mailbox and the configuration that reads it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from deskmetry.errors import FolderTaken

from .company import CHANNELS, MAILBOXES, TEAMS, DemoCompany
from .envelope import FILES
from .mail import private, write_mailbox
from .story import TICKETS_PER_YEAR, tell

MARKER = ".deskmetry-demo"
_MARKED = "This folder was made by `deskmetry demo`, which replaces what it made. Nothing in it is real.\n"


def build(
    folder: Path, *, seed: int = 7, until: date, tickets_per_year: int = TICKETS_PER_YEAR
) -> DemoCompany:
    """Make the folder with `deskmetry.toml` and `mail/*.mbox`, and return the story that is told in them.

    The story begins with the month a year before `until` and ends before `until`, local time; equal arguments
    give equal bytes. A folder made by an earlier call is made anew (files of other names in it stay). Raises
    FolderTaken if the folder exists, holds something and wasn't made by the demo.
    """
    _clear(folder)
    company = tell(seed, until, tickets_per_year)
    mail = folder / "mail"
    mail.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_mailbox(company, mail, seed)
    _write(folder / "deskmetry.toml", configuration(company))
    return company


def configuration(company: DemoCompany) -> str:
    """Return the text of the demo's `deskmetry.toml`."""
    addresses = [company.address(mailbox) for mailbox in MAILBOXES]
    # The domain stands for the agents' own addresses and for the contact form's.
    own = "".join(f'  "{address}",\n' for address in (*addresses, f"@{company.domain}"))
    files = "".join(f'  "mail/{name}.mbox",\n' for name in FILES)
    channels = "".join(f'"{company.address(mailbox)}" = "{name}"\n' for mailbox, name in CHANNELS.items())
    teams = "".join(f'"{company.address(mailbox)}" = "{name}"\n' for mailbox, name in TEAMS.items())
    return f"""\
# The demo of Deskmetry: a year of e-mail at {company.name}, which doesn't exist.
database = "deskmetry.db"
timezone = "{company.zone}"

[sources.inbox]
connector = "mailbox"
path = [
{files}]
addresses = [
{own}]

[sources.inbox.channels]
{channels}
[sources.inbox.teams]
{teams}"""


def _clear(folder: Path) -> None:
    """Remove what an earlier demo made in the folder, then mark it as the demo's."""
    marker = folder / MARKER
    if folder.exists() and not marker.is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderTaken(folder, MARKER)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = [folder / "deskmetry.toml", *(folder / "mail" / f"{name}.mbox" for name in FILES)]
    # The database, and what SQLite and the engine keep beside it, would hold the story told before.
    for path in (*made, *folder.glob("deskmetry.db*")):
        if path.is_file() or path.is_symlink():
            path.unlink()
    _write(marker, _MARKED)


def _write(path: Path, text: str) -> None:
    with open(path, "w", encoding="utf-8", newline="\n", opener=private) as file:
        file.write(text)
