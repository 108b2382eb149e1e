"""Key: the secret of one database by which people are known again without being named."""

from __future__ import annotations

import os
import secrets
import sqlite3
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

from ..errors import KeyLost, StoreError
from ..records import to_milliseconds

_BYTES = 32
_MARK = "key"


class Key:
    """A secret of 32 bytes in `FILE.key`, mode 0600; whoever has it can check guesses against the hashes."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def __repr__(self) -> str:
        return "Key(***)"

    @classmethod
    def fresh(cls) -> Key:
        """Return a new key that is kept nowhere."""
        return cls(secrets.token_bytes(_BYTES))

    @classmethod
    def read(cls, database: Path) -> Key | None:
        """Return the key that lies beside a database; None without one. StoreError if it can't be read."""
        path = key_path(database)
        try:
            text = path.read_text(encoding="ascii").strip()
            secret = bytes.fromhex(text)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it isn't a key"
            raise StoreError(f"{path} can't be read: {reason}.", "Put it back from a backup.") from None
        if len(secret) != _BYTES:
            raise StoreError(f"{path} can't be read: it isn't a key.", "Put it back from a backup.")
        return cls(secret)

    @classmethod
    def make(cls, database: Path) -> Key:
        """Make a key and put it beside a database."""
        key = cls.fresh()
        descriptor = os.open(key_path(database), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key._secret.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        return key

    def hash(self, kind: str, text: str) -> str:
        """Return 32 hexadecimal digits that stand for a text of a kind; equal texts have equal ones."""
        words = text.encode("utf-8", "surrogatepass")
        return blake2b(words, key=self._secret, digest_size=16, person=kind.encode()[:16]).hexdigest()

    @property
    def mark(self) -> str:
        """Return what tells this key from another one, and nothing else."""
        return self.hash(_MARK, "")


def key_path(database: Path) -> Path:
    """Return where the key of a database lies: beside it, so that the folder moves as a whole."""
    return database.with_name(database.name + ".key")


def path_of(connection: sqlite3.Connection) -> Path:
    """Return the file behind a connection."""
    return Path(connection.execute("PRAGMA database_list").fetchone()[2])


def key_of(connection: sqlite3.Connection, *, make: bool = False) -> Key | None:
    """Return the key of an open database; None if it never had one and none is to be made.

    Raises KeyLost if the database was worked on with a key that isn't there any more: with another one,
    erased people would come back and hashed ones get a second name.
    """
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'erased'").fetchone():
        return None  # a file that only readers have opened since an older version wrote it
    database = path_of(connection)
    known = connection.execute("SELECT hash FROM erased WHERE kind = ?", (_MARK,)).fetchone()
    key = Key.read(database)
    if known is not None:
        if key is None or key.mark != known[0]:
            raise KeyLost(key_path(database))
        return key
    if not make:
        return None
    key = key or Key.make(database)
    now = to_milliseconds(datetime.now(UTC))
    connection.execute("INSERT INTO erased VALUES (?, ?, '', 0, ?)", (_MARK, key.mark, now))
    return key
