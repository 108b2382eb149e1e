"""Folders: the mail folders that lie under a path, each with its kind, its name and its role."""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from deskmetry.records.kinds import FolderRole

from ..email.folders import role_of
from .errors import NoMailThere, NoSuchPath, Unreadable

MAX_DEPTH = 12
_BEGINNING = 4096
_PACKED = {
    b"\x1f\x8b": ("gzip-compressed", "`gunzip` it first (`tar -xzf` if it is a .tgz), then name the result."),
    b"PK\x03\x04": ("a zip archive", "Unzip it first (Takeout: the .mbox inside), then name the result."),
    b"BZh": ("bzip2-compressed", "`bunzip2` it first, then name the result."),
    b"\xfd7zXZ": ("xz-compressed", "`unxz` it first, then name the result."),
    b"\x28\xb5\x2f\xfd": ("zstd-compressed", "`unzstd` it first, then name the result."),
    b"!BDN": ("an Outlook data file (.pst, .ost)", "Convert it to mbox first, for example with `readpst`."),
    b"\xd0\xcf\x11\xe0": ("an Outlook file (.msg)", "Export the folder as mbox or .eml first."),
    b"SQLite format 3": ("an SQLite database", "Export the folder as mbox first."),
}


class Kind(StrEnum):
    """How mails lie in a folder."""

    MBOX = "mbox"
    MAILDIR = "maildir"
    FILES = "files"


@dataclass(frozen=True, slots=True)
class Folder:
    """One mail folder on disk: where and how it lies, its name (parts joined by /), what it is for."""

    path: Path
    kind: Kind
    name: str
    role: FolderRole = FolderRole.OTHER


def find_folders(paths: Sequence[Path], overrides: Mapping[str, FolderRole]) -> list[Folder]:
    """Return the mail folders under some paths, sorted by name; drafts are left out.

    Raises NoSuchPath, NoMailThere or Unreadable for a path that brings none.
    """
    found: list[Folder] = []
    for path in paths:
        under = list(_look(path))
        if not under:
            raise NoMailThere(path, "it holds no mbox file, no Maildir and no .eml file")
        found.extend(under)
    unique = _with_unique_names(list({folder.path: folder for folder in found}.values()))
    roled = [replace(folder, role=role_of(folder.name, overrides)) for folder in unique]
    kept = [folder for folder in roled if folder.role is not FolderRole.DRAFTS]
    return sorted(kept, key=lambda folder: (folder.name, str(folder.path)))


@contextmanager
def refused(path: Path) -> Iterator[None]:
    """Turn what the operating system says about a path into errors that say what to do."""
    try:
        yield
    except FileNotFoundError:
        raise NoSuchPath(path) from None
    except OSError as error:
        raise Unreadable(path, os.strerror(error.errno or errno.EIO)) from None


def is_mbox(path: Path) -> bool:
    """Say whether a file begins as an mbox does: with a line `From …`, after blank lines at most."""
    with refused(path), path.open("rb") as file:
        return file.read(_BEGINNING).lstrip(b"\r\n").startswith(b"From ")


def _look(path: Path) -> Iterator[Folder]:
    with refused(path):
        path.stat()
    if path.is_file():
        _refuse_unless_mbox(path)
        yield Folder(path, Kind.MBOX, _file_name(path))
    elif path.is_dir():
        yield from _in_directory(path, (), 0)
    else:
        raise NoMailThere(path, "it is neither a file nor a folder")


def _refuse_unless_mbox(path: Path) -> None:
    with refused(path), path.open("rb") as file:
        head = file.read(_BEGINNING)
    if not head.strip():
        return  # no mail has come yet
    for magic, (what, hint) in _PACKED.items():
        if head.startswith(magic):
            raise NoMailThere(path, f"it is {what}", hint)
    if head.lstrip(b"\r\n").startswith(b"From "):
        return
    if b"\x00" in head:
        raise NoMailThere(path, "it is a binary file")
    first = head.split(b"\n", 1)[0].decode("ascii", "replace").strip()[:60]
    reason = f"an mbox begins with a line `From …`, this file with {first!r}"
    raise NoMailThere(path, reason, "A single mail (.eml) is read by naming the folder that it lies in.")


def _in_directory(path: Path, parts: tuple[str, ...], depth: int) -> Iterator[Folder]:
    with refused(path):
        entries = sorted(os.scandir(path), key=lambda entry: entry.name)
    is_maildir = any(entry.name == "cur" and entry.is_dir() for entry in entries)
    if is_maildir:
        yield Folder(path, Kind.MAILDIR, "/".join(parts) or "INBOX")
    if not is_maildir and any(_is_eml(entry) for entry in entries):
        yield Folder(path, Kind.FILES, "/".join(parts) or path.name)
    for entry in entries:
        yield from _in_entry(entry, parts, depth, is_maildir)


def _in_entry(
    entry: os.DirEntry[str], parts: tuple[str, ...], depth: int, in_maildir: bool
) -> Iterator[Folder]:
    path, hidden = Path(entry.path), entry.name.startswith(".")
    if entry.is_dir(follow_symlinks=False):
        if depth >= MAX_DEPTH or (in_maildir and entry.name in ("cur", "new", "tmp")):
            return
        if hidden:
            # Maildir++: `.Sent.2024` beside cur/ is the folder Sent/2024; other hidden folders aren't mail.
            if in_maildir and (path / "cur").is_dir():
                yield from _in_directory(path, (*parts, *filter(None, entry.name.split("."))), depth + 1)
            return
        yield from _in_directory(path, (*parts, _plain(entry.name)), depth + 1)
    elif entry.is_file() and not hidden and not in_maildir and not _is_eml(entry) and is_mbox(path):
        inside_package = path.name == "mbox" and path.parent.suffix == ".mbox"
        own = () if inside_package else (_plain(entry.name),)
        yield Folder(path, Kind.MBOX, "/".join((*parts, *own)) or path.parent.stem)


def _is_eml(entry: os.DirEntry[str]) -> bool:
    return entry.name.lower().endswith(".eml") and entry.is_file()


def _plain(name: str) -> str:
    """Return a folder's name without the endings by which mail programs mark files (.mbox, .sbd)."""
    stem, dot, ending = name.rpartition(".")
    return stem if dot and stem and ending.lower() in ("mbox", "mbx", "sbd") else name


def _file_name(path: Path) -> str:
    return path.parent.stem if path.name == "mbox" and path.parent.suffix == ".mbox" else _plain(path.name)


def _with_unique_names(folders: list[Folder]) -> list[Folder]:
    """Put the folder above before names that occur twice, and take the whole path where that isn't enough."""
    counts = Counter(folder.name for folder in folders)
    longer = [replace(f, name=f"{f.path.parent.name}/{f.name}") if counts[f.name] > 1 else f for f in folders]
    counts = Counter(folder.name for folder in longer)
    return [replace(f, name=str(f.path)) if counts[f.name] > 1 else f for f in longer]
