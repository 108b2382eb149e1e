"""Folders: what the server lists, each with its name for people and its role, and which of them are read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from deskmetry.records.kinds import FolderRole

from ..email.folders import role_of
from .errors import NoSuchFolder

_SPECIAL: Mapping[bytes, FolderRole] = {
    rb"\sent": FolderRole.SENT,
    rb"\junk": FolderRole.JUNK,
    rb"\spam": FolderRole.JUNK,
    rb"\trash": FolderRole.TRASH,
    rb"\drafts": FolderRole.DRAFTS,
    rb"\inbox": FolderRole.INBOX,
    rb"\archive": FolderRole.OTHER,
    rb"\all": FolderRole.OTHER,
    rb"\flagged": FolderRole.OTHER,
    rb"\important": FolderRole.OTHER,
}
_CLOSED = frozenset({rb"\noselect", rb"\nonexistent"})
_READ = (FolderRole.INBOX, FolderRole.SENT, FolderRole.JUNK, FolderRole.DONE)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder: its name on the wire, its name for people (parts joined by /), its role.

    attributes: the server's words about it (RFC 6154), lower case. chosen: the settings gave it its role.
    """

    wire: str
    name: str
    role: FolderRole = FolderRole.OTHER
    attributes: frozenset[bytes] = frozenset()
    chosen: bool = False


def decode_name(raw: Any) -> str:
    """Return a folder's name or label, that comes in modified UTF-7 (RFC 3501), as text; never raises."""
    from imapclient.imap_utf7 import decode  # type: ignore[import-untyped]

    if not isinstance(raw, bytes):
        return str(raw)
    if not raw.isascii():
        return raw.decode("utf-8", "replace")
    try:
        return str(decode(raw)).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    except (UnicodeError, ValueError):
        return raw.decode("ascii")


def listed(
    rows: Iterable[tuple[Sequence[bytes], bytes | None, Any]], overrides: Mapping[str, FolderRole]
) -> list[Folder]:
    """Return the folders that can be opened, by name; drafts too."""
    found: dict[str, Folder] = {}
    for flags, delimiter, raw in rows:
        attributes = frozenset(flag.lower() for flag in flags if isinstance(flag, bytes))
        wire = raw if isinstance(raw, bytes) else str(raw).encode()
        if raw is None or attributes & _CLOSED or not wire.isascii():
            continue  # a name that isn't ASCII breaks the protocol; no command can carry it
        folder = _folder(wire, delimiter, attributes, overrides)
        found.setdefault(folder.wire, folder)
    return sorted(found.values(), key=lambda folder: (folder.name != "INBOX", folder.name))


def _folder(
    wire: bytes, delimiter: bytes | None, attributes: frozenset[bytes], overrides: Mapping[str, FolderRole]
) -> Folder:
    name = decode_name(wire)
    if delimiter and delimiter != b"/":
        name = name.replace(delimiter.decode("ascii", "replace"), "/")
    if name.upper() == "INBOX":
        return Folder("INBOX", "INBOX", role_of("INBOX", overrides), attributes, _overridden(name, overrides))
    special = next((_SPECIAL[flag] for flag in sorted(attributes) if flag in _SPECIAL), None)
    role = role_of(name, overrides, special)
    chosen = _overridden(name, overrides)
    if role is FolderRole.INBOX and not chosen and special is None:
        role = FolderRole.OTHER  # somebody else's inbox, in a shared namespace
    return Folder(wire.decode("ascii"), name, role, attributes, chosen)


def _overridden(name: str, overrides: Mapping[str, FolderRole]) -> bool:
    wanted = {key.strip().lower() for key in overrides}
    return name.lower() in wanted or name.lower().rpartition("/")[2] in wanted


def to_read(folders: Sequence[Folder], include: Collection[str] | None, *, gmail: bool) -> list[Folder]:
    """Return the folders that are read, never drafts.

    include: names or patterns from the settings; raises NoSuchFolder for a name that isn't there. Without it:
    inbox, sent, junk and archive, and those that the settings give a role. Gmail holds every mail once in
    \\All, with its folders as labels, so there it is that one and junk.
    """
    readable = [folder for folder in folders if folder.role is not FolderRole.DRAFTS]
    if include is not None:
        return _included(readable, folders, include)
    if gmail and any(rb"\all" in folder.attributes for folder in readable):
        return [f for f in readable if rb"\all" in f.attributes or f.role is FolderRole.JUNK]
    marked = {
        role
        for flag, role in _SPECIAL.items()
        if role is not FolderRole.OTHER and any(flag in folder.attributes for folder in readable)
    }
    return [folder for folder in readable if _by_default(folder, marked)]


def _by_default(folder: Folder, marked: Collection[FolderRole]) -> bool:
    if folder.chosen or rb"\archive" in folder.attributes:
        return True
    # Where the server marks the folder for sent mail, one that is only called so is something else.
    by_name_only = folder.role in marked and not any(flag in folder.attributes for flag in _SPECIAL)
    return folder.role in _READ and (not by_name_only or folder.name == "INBOX")


def _included(readable: list[Folder], folders: Sequence[Folder], include: Collection[str]) -> list[Folder]:
    wanted: list[Folder] = []
    for pattern in include:
        key = pattern.strip().strip("/").lower()
        found = [folder for folder in readable if folder.name.lower() == key]
        found = found or [folder for folder in readable if fnmatchcase(folder.name.lower(), key)]
        if not found and not any(mark in key for mark in "*?["):
            raise NoSuchFolder(pattern, [folder.name for folder in folders])
        wanted += found
    chosen = {folder.wire for folder in wanted}
    return [folder for folder in readable if folder.wire in chosen]
