"""Labels: how buckets and agents are shown."""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

from ..calendar import Bucket


def bucket_label(begin: datetime, bucket: Bucket, zone: ZoneInfo) -> str:
    """Return the label of a bucket: 2026, 2026-Q1, 2026-01, 2026-W02, 2026-01-05, 2026-01-05T09:00+01:00."""
    local = begin.astimezone(zone)
    match bucket:
        case Bucket.YEAR:
            return f"{local.year:04d}"
        case Bucket.QUARTER:
            return f"{local.year:04d}-Q{(local.month + 2) // 3}"
        case Bucket.MONTH:
            return f"{local.year:04d}-{local.month:02d}"
        case Bucket.WEEK:
            year, week, _ = local.isocalendar()
            return f"{year:04d}-W{week:02d}"
        case Bucket.DAY:
            return local.date().isoformat()
        case Bucket.HOUR:
            # The offset tells the two hours apart that a clock set back shows twice.
            return local.replace(minute=0, second=0, microsecond=0).isoformat(timespec="minutes")


def agent_labels(connection: sqlite3.Connection) -> dict[str, str]:
    """Return key -> name of every agent; with the e-mail or key behind it where two share a name."""
    names: dict[str, str] = {}
    for source, id_, name, email in connection.execute(
        "SELECT source_id, id, name, email FROM agents ORDER BY source_id, id"
    ):
        key = (email or "").strip().lower() or f"{source}:{id_}"
        if not names.get(key):
            names[key] = (name or "").strip()
    shared = Counter(names.values())
    return {
        key: key if not name else f"{name} ({key})" if shared[name] > 1 else name
        for key, name in names.items()
    }
