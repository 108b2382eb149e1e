"""State: the file beside the database that holds what a run learnt, renewed secrets above all; mode 0600."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError

SIZES_LAST = timedelta(days=7)
"""How long a page size that worked is believed; then the whole one is tried again."""


class StateFile:
    """A memory that lasts: renewed secrets go to the keyring they came from, else into the file.

    keyrings: the keyring entries (`service/name`) that secrets are configured to come from, by source and
    field. A secret in the file is known by a digest of its seed, so that a seed which the user replaces
    counts at once. Raises ConfigurationError if the file can't be read or written.
    """

    lasts = True

    def __init__(self, path: Path, keyrings: Mapping[tuple[str, str], str] | None = None) -> None:
        self.path = path
        self._keyrings = keyrings or {}

    @classmethod
    def beside(cls, database: Path, keyrings: Mapping[tuple[str, str], str] | None = None) -> StateFile:
        """Return the state of a database: `FILE.state`, which doesn't travel with copies of the database."""
        return cls(database.with_name(f"{database.name}.state"), keyrings)

    def __repr__(self) -> str:
        return f"StateFile({str(self.path)!r})"

    # --- secrets -------------------------------------------------------------------------------------

    def secret(self, source: str, name: str, seed: str) -> str:
        """Return the newest successor of a configured secret, or the seed itself if it has none."""
        kept = self._read().get("secrets", {}).get(source, {}).get(name, {})
        if kept.get("seed") == _digest(source, name, seed):
            return str(kept["secret"])
        # Another process may have renewed it since the configuration was read.
        return self._from_keyring(source, name) or seed

    def keep_secret(self, source: str, name: str, seed: str, secret: str) -> None:
        """Keep a successor of `seed`; it is on disk, or in the keyring, when this returns."""
        if self._into_keyring(source, name, secret):
            return
        state = self._read()
        kept = {"seed": _digest(source, name, seed), "secret": secret}
        state.setdefault("secrets", {}).setdefault(source, {})[name] = kept
        self._write(state)

    def _from_keyring(self, source: str, name: str) -> str | None:
        service, _, entry = self._keyrings.get((source, name), "").partition("/")
        if not service:
            return None
        import keyring
        from keyring.errors import KeyringError

        try:
            return keyring.get_password(service, entry)
        except KeyringError:
            return None

    def _into_keyring(self, source: str, name: str, secret: str) -> bool:
        service, _, entry = self._keyrings.get((source, name), "").partition("/")
        if not service:
            return False
        import keyring
        from keyring.errors import KeyringError

        try:
            keyring.set_password(service, entry, secret)
        except KeyringError:
            return False  # one that only reads: the file serves
        return True

    # --- page sizes ----------------------------------------------------------------------------------

    def sizes(self, source: str) -> Mapping[str, int]:
        """Return the page sizes that worked of late, by endpoint family."""
        oldest = (datetime.now(UTC) - SIZES_LAST).isoformat()
        kept = self._read().get("sizes", {}).get(source, {})
        return {family: size for family, (size, at) in kept.items() if at >= oldest}

    def keep_sizes(self, source: str, sizes: Mapping[str, int]) -> None:
        """Keep the page sizes that worked, new ones with today's date."""
        known = self.sizes(source)
        new = {family: size for family, size in sizes.items() if known.get(family) != size}
        if not new:
            return
        now = datetime.now(UTC).isoformat()
        with self.alone():
            state = self._read()
            kept = state.setdefault("sizes", {}).setdefault(source, {})
            kept.update({family: [size, now] for family, size in new.items()})
            self._write(state)

    # --- the file ------------------------------------------------------------------------------------

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other thread and process from changing the file meanwhile."""
        with self._told():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # The folder is locked: the file itself is replaced by every change.
            descriptor = os.open(self.path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _read(self) -> dict[str, Any]:
        with self._told():
            try:
                state = json.loads(self.path.read_text(encoding="utf-8"))
            except FileNotFoundError:
                return {}
            except ValueError:
                raise ConfigurationError(
                    f"{self.path} can't be read.", "Remove it; secrets are then taken from the configuration."
                ) from None
        return state if isinstance(state, dict) else {}

    def _write(self, state: Mapping[str, Any]) -> None:
        """Replace the file by a whole new one that is on disk before the old one goes."""
        with self._told():
            descriptor, beside = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    json.dump(state, file)
                    file.flush()
                    os.fsync(file.fileno())
                Path(beside).replace(self.path)
                _sync_folder(self.path.parent)
            except BaseException:
                Path(beside).unlink(missing_ok=True)
                raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ConfigurationError(
                f"{self.path} can't be used: {error.strerror}.",
                "Check owner and mode of it and of its folder.",
            ) from None


def _digest(source: str, name: str, seed: str) -> str:
    return hashlib.sha256(f"{source}\0{name}\0{seed}".encode()).hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
