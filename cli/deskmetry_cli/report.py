"""Report: errors and warnings as people are told them, on stderr."""

from __future__ import annotations

import json
import logging
import sys

from deskmetry.errors import DeskmetryError

from .text import CONTROL, plain


def report(error: DeskmetryError, *, as_json: bool, source: str | None = None) -> None:
    """Tell an error: one line, or one JSON object where JSON was asked for; `source` is whose error it is."""
    if not as_json:
        warn(f"{source}: {error}" if source else str(error), "error")
        return
    body = {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "exit_code": int(error.exit_code),
    }
    if source is not None:
        body["source"] = source
    text = json.dumps({"schema_version": 1, "error": body}, ensure_ascii=False)
    _say(CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def warn(text: str, kind: str = "warning") -> None:
    """Tell people something that isn't data."""
    _say(f"{kind}: {plain(text)}")


class HarmlessFormatter(logging.Formatter):
    """Formats a line of the log, strangers' words in it and tracebacks too, without control characters."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record; its own line breaks stay."""
        return "\n".join(plain(line) for line in super().format(record).split("\n"))


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
