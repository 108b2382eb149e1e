"""Addition: a further source put into the configuration, whose comments and layout stay as they are."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError
from .read import load
from .write import source_text

SERVICE = "deskmetry"
"""Name under which secrets of ours stand in the keyring."""


def add_source(file: Path, name: str, connector: str, values: Mapping[str, Any]) -> None:
    """Append a source to a configuration file: all of it, or nothing.

    The new text is written beside the file, read back as a configuration, and only then put in its place,
    with the old one's mode. Raises ConfigurationError if there is such a source or the file can't be written.
    """
    if name in load(file).sources:
        raise ConfigurationError(
            f"There is a source {name!r} in {file} already.", "Edit it there, or choose another name."
        )
    try:
        text = file.read_text(encoding="utf-8")
        descriptor, beside = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent, text=True)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(text if text.endswith("\n") or not text else text + "\n")
                stream.write(source_text(name, connector, values))
                stream.flush()
                os.fsync(stream.fileno())
            load(Path(beside))
            Path(beside).chmod(file.stat().st_mode & 0o777)
            Path(beside).replace(file.resolve())
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigurationError(
            f"{file} can't be written: {error.strerror}.", "Check the file and its folder."
        ) from None


def keep_secret(name: str, secret: str) -> dict[str, str]:
    """Put a secret into the keyring; return the place to write down. ConfigurationError without a keyring."""
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(SERVICE, name, secret)
    except KeyringError:
        raise ConfigurationError(
            "No keyring works on this machine.",
            "Add --secrets env, and keep the secret in an environment variable.",
        ) from None
    return {"keyring": f"{SERVICE}/{name}"}
