"""Workspace: the folder of the demo: what its sources hold, and the configuration that reads them."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from deskmetry.errors import FolderTaken

from . import books
from .company import CHATS, DESK, MARKETS, VOICES, DemoCompany
from .configuration import BOOKS, CARE, MAILDIR, MBOX, SHOP, TOKEN, configuration
from .envelope import FILES
from .mail import FOLDERS, private, write_maildir, write_mbox
from .rhythm import Rhythm
from .serving import ACCOUNT, MARKER, free_ports
from .story import TICKETS_PER_YEAR, tell

SERVED = (DESK, MARKETS, CHATS, VOICES)
"""The sources that an emulator serves."""
TABLES = {SHOP: books.ORDERS, CARE: books.PLANS, BOOKS: books.COSTS}
"""The sources that are files of a table, and the files."""
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
    give equal bytes. port: where the first account is to be served, the others right after it; free ones if
    not given. A folder made by an earlier call is made anew (files of other names in it stay). Raises
    FolderTaken if the folder exists, holds something and wasn't made by the demo.
    """
    _clear(folder)
    company = tell(seed, until, tickets_per_year)
    for name in (MBOX, MAILDIR, *SERVED, *TABLES):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    write_mbox(company, MBOX, folder / MBOX, seed)
    write_maildir(company, MAILDIR, folder / MAILDIR, seed)
    for name, story in company.stories.items():
        _write(folder / name / ACCOUNT, json.dumps(story, separators=(",", ":")))
        _write(folder / name / TOKEN, company.token)
    _write_tables(company, folder)
    ports = free_ports(folder, len(SERVED)) if port is None else range(port, port + len(SERVED))
    _write(folder / "deskmetry.toml", configuration(company, dict(zip(SERVED, ports, strict=True))))
    return company


def _write_tables(company: DemoCompany, folder: Path) -> None:
    zone = ZoneInfo(company.zone)
    rhythm = Rhythm(company.until, zone, 1)
    rows = {
        SHOP: books.order_rows(company.orders, zone),
        CARE: books.plan_rows(company.plans, zone),
        BOOKS: books.cost_rows(company.agents, rhythm),
    }
    # Bookkeeping's list is one with semicolons, as programs write it where the comma is the decimal one.
    delimiters = {BOOKS: ";"}
    for name, file in TABLES.items():
        books.write(folder / name / file, rows[name], rhythm.ends_at, delimiters.get(name, ","))


def _clear(folder: Path) -> None:
    """Remove what an earlier demo made in the folder, then mark it as the demo's."""
    marker = folder / MARKER
    if folder.exists() and not marker.is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderTaken(folder, MARKER)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = [folder / "deskmetry.toml", *(folder / name / file for name, file in TABLES.items())]
    made += [folder / name / file for name in SERVED for file in (ACCOUNT, TOKEN)]
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
