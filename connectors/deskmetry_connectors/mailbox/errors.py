"""Errors: what keeps a mailbox on disk from being read, each with what to do."""

from __future__ import annotations

from pathlib import Path

from deskmetry.errors import PermissionMissing, Unreachable

_WHAT = "Name an mbox file, a Maildir, a folder of .eml files, or a folder that holds such."


class NoSuchPath(Unreachable):
    """Nothing is where the setting `path` points."""

    def __init__(self, path: Path) -> None:
        near = next((parent for parent in path.parents if parent.exists()), path.anchor)
        super().__init__(
            f"There is nothing at {path} ({near} exists).",
            "Correct the setting `path`; a relative one starts at the folder of the configuration.",
            path=str(path),
        )


class NoMailThere(Unreachable):
    """A file or folder is there, but it holds no mail that can be read."""

    def __init__(self, path: Path, reason: str, hint: str = _WHAT) -> None:
        super().__init__(f"{path} can't be read as mail: {reason}.", hint, path=str(path))


class Unreadable(PermissionMissing):
    """The operating system refuses to read a file or folder."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} can't be read: {reason}.",
            "Give the user who runs the sync the right to read it and to enter its folders.",
            path=str(path),
        )
