"""Writing: the text of a first configuration, and of a further source in it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from ..calendar import zone
from ..errors import BadValue, ConfigurationError

_LOCALTIME = Path("/etc/localtime")
_FIRST = """\
# Configuration of Deskmetry. Every setting: `deskmetry config show`.

# The SQLite file that everything is pulled into; a relative path starts at this file.
database = {database}

# The zone in which days, weeks and months begin.
timezone = {timezone}

# "hidden" leaves the names of agents out of answers.
# agents = "shown"

# Answers from fewer items than this are marked as thin.
# thin_sample = 30

# How much of people is stored: docs/privacy.md.
# [privacy]
# bodies = "keep"
# people = "keep"

# What joins customers of several sources to one person: docs/identity.md.
# [people]
# ignore = ["info@YOUR.example", "*@marketplace.example"]   # these join nobody

# One table a source. A secret never stands in this file, only where it is read from:
# token = {{ env = "NAME" }}, {{ keyring = "SERVICE/NAME" }}, {{ file = "PATH" }} or {{ command = "…" }}
#
# [sources.inbox]
# connector = "mailbox"
# path = "support.mbox"                  # an mbox file, a Maildir or a folder of .eml files
# addresses = ["support@YOUR.example"]   # mail from there is yours, all other comes from customers
# start = 2025-01-01                     # how far back the first sync reads
"""


def write_new(path: Path, *, database: str = "deskmetry.db", timezone: str | None = None) -> None:
    """Write a first configuration, readable by its owner only; ConfigurationError if there is one already.

    Without a time zone, this machine's own is written down.
    """
    text = _FIRST.format(database=toml_value(database), timezone=toml_value(timezone or local_timezone()))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as stream:
            stream.write(text)
    except FileExistsError:
        raise ConfigurationError(f"{path} exists already.", "Edit it, or move it away first.") from None
    except OSError as error:
        raise ConfigurationError(f"{path} can't be written: {error.strerror}.", "Check the folder.") from None


def source_text(name: str, connector: str, values: Mapping[str, Any]) -> str:
    """Return the table of a source as it is appended to the configuration; None values are left out."""
    lines = [f"[sources.{name}]", f"connector = {toml_value(connector)}"]
    lines += [f"{key} = {toml_value(value)}" for key, value in values.items() if value is not None]
    return "\n" + "\n".join(lines) + "\n"


def toml_value(value: object) -> str:
    """Return a value as TOML: texts, numbers, booleans, dates, lists and inline tables of them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        inner = ", ".join(f"{toml_value(str(key))} = {toml_value(item)}" for key, item in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    # A JSON string is a TOML string but for DEL, which TOML wants escaped.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def local_timezone(environ: Mapping[str, str] = os.environ, localtime: Path = _LOCALTIME) -> str:
    """Return the name of this machine's zone, from TZ or the link /etc/localtime; UTC if neither says."""
    linked = str(localtime.resolve()).partition("/zoneinfo/")[2]
    for name in (environ.get("TZ", "").removeprefix(":"), linked.removeprefix("posix/")):
        try:
            return zone(name).key
        except BadValue:
            continue
    return "UTC"
