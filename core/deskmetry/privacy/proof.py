"""Proof: the bytes of every file searched for what must not be there any more."""

from __future__ import annotations

import json
import mmap
import re
import sqlite3
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from .files import is_database
from .shape import WRITTEN

ADDRESS, TELEPHONE, NAME = "address", "telephone", "name"
# What stands before and after a text that is only a part of something longer.
_LETTERS = rb"\w\x80-\xff"
_BEFORE = {ADDRESS: _LETTERS + rb".+\-", TELEPHONE: rb"\d", NAME: _LETTERS}
_AFTER = {ADDRESS: _LETTERS + rb"\-", TELEPHONE: rb"\d", NAME: _LETTERS}
_NOR = {ADDRESS: rb"|\.\w", TELEPHONE: b"", NAME: b""}
_BETWEEN = rb"(?:[ \-./()]|\xc2\xa0|\\u00a0){0,3}"  # what people write between the digits of a number


@dataclass(slots=True)
class Found:
    """What was found in one file: hits in its bytes by kind.

    Of a database also how many rows hold one, by kind and table: `named` as it stands, `within` only as a
    part of something else, as jane@x.example within mary.jane@x.example; `copies` counts what all rows and
    indexes hold of a kind: more hits than that lie outside of rows.
    """

    path: Path
    size: int
    hits: Counter[str] = field(default_factory=Counter)
    named: Counter[tuple[str, str]] = field(default_factory=Counter)
    within: Counter[tuple[str, str]] = field(default_factory=Counter)
    copies: Counter[str] = field(default_factory=Counter)

    def left(self, *, in_texts: bool) -> int:
        """Return how many hits should not be there.

        Hits may be explained by rows: by somebody else of the same name or with a longer address and, unless
        `in_texts`, by texts that others wrote.
        """
        kept = () if in_texts else tuple(WRITTEN)
        wrong = sum(
            count for (kind, table), count in self.named.items() if kind != NAME and table not in kept
        )
        return wrong or (self.hits - self.copies).total()


def search(files: Sequence[Path], searched: Mapping[str, Iterable[str]]) -> list[Found]:
    """Search the bytes of files for texts by kind, in every writing of `pattern`; telephone means digits.

    Texts that SQLite spreads over two pages are found by asking the database for its rows.
    """
    wanted = {kind: list(texts) for kind, texts in searched.items()}
    return [_found(path, {kind: texts for kind, texts in wanted.items() if texts}) for path in files]


def pattern(texts: Iterable[str], kind: str, *, whole: bool = False) -> re.Pattern[bytes]:
    """Return what finds texts as UTF-8, as JSON with \\u escapes and as part of a URL, in any case.

    A telephone number is found with blanks, dashes, dots, slashes and brackets between its digits. `whole`
    leaves out what is only a part of something longer.
    """
    parts: set[bytes] = set()
    for text in texts:
        if kind == TELEPHONE:
            parts.add(b"(?:00)?" + _BETWEEN.join(digit.encode() for digit in text))
        else:
            parts |= {re.escape(writing) for writing in _writings(text)}
    found = b"|".join(sorted(parts, reverse=True))
    if whole:
        found = (
            b"(?<![" + _BEFORE[kind] + b"])(?:" + found + b")(?![" + _AFTER[kind] + b"]" + _NOR[kind] + b")"
        )
    return re.compile(found, re.IGNORECASE)


def _writings(text: str) -> set[bytes]:
    forms = {unicodedata.normalize(form, text) for form in ("NFC", "NFD")}
    cases = {
        one for form in forms for one in (form, form.lower(), form.upper(), form.title(), form.casefold())
    }
    found: set[bytes] = set()
    for one in cases:
        found |= {one.encode(), json.dumps(one)[1:-1].encode(), quote(one).encode()}
    return found


def _found(path: Path, wanted: Mapping[str, list[str]]) -> Found:
    found = Found(path, path.stat().st_size)
    if not found.size:
        return found
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for kind, texts in wanted.items():
            hits = sum(1 for _ in pattern(texts, kind).finditer(content))
            if hits:
                found.hits[kind] = hits
    if is_database(path):
        for kind, texts in wanted.items():
            _count_rows(found, kind, texts)
    return found


def _count_rows(found: Found, kind: str, texts: list[str]) -> None:
    part, whole = pattern(texts, kind), pattern(texts, kind, whole=True)

    def holds(cell: object) -> int:
        return len(part.findall(cell.encode("utf-8", "replace"))) if isinstance(cell, str) else 0

    def named(*cells: object) -> bool:
        return any(whole.search(cell.encode("utf-8", "replace")) for cell in cells if isinstance(cell, str))

    with closing(sqlite3.connect(f"{found.path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        connection.create_function("privacy_holds", 1, holds, deterministic=True)
        connection.create_function("privacy_named", -1, named, deterministic=True)
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        for (table,) in connection.execute(names).fetchall():
            columns = _copies(connection, table)
            if not columns:
                continue
            listed = ", ".join(f'"{column}"' for column in columns)
            counts = ", ".join(f'privacy_holds("{column}")' for column in columns)
            where = " OR ".join(f'privacy_holds("{column}")' for column in columns)
            sql = f'SELECT privacy_named({listed}), {counts} FROM "{table}" WHERE {where}'
            for is_named, *hits in connection.execute(sql):
                (found.named if is_named else found.within)[kind, table] += 1
                found.copies[kind] += sum(n * times for n, times in zip(hits, columns.values(), strict=True))


def _copies(connection: sqlite3.Connection, table: str) -> dict[str, int]:
    """Return the columns that may hold text, each with how often the file has it: in table and indexes."""
    rows = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
    copies = {row[1]: 1 for row in rows if row[2] in ("", "TEXT")}
    (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    clustered = sql.rstrip().upper().endswith("WITHOUT ROWID")
    for _, index, _, origin, *_ in connection.execute(f'PRAGMA index_list("{table}")').fetchall():
        if clustered and origin == "pk":
            continue  # that index is the table
        for _, _, column in connection.execute(f'PRAGMA index_info("{index}")').fetchall():
            if column in copies:
                copies[column] += 1
        if clustered:  # its key stands in every index
            for row in rows:
                copies |= {row[1]: copies[row[1]] + 1} if row[5] and row[1] in copies else {}
    return copies
