"""Docs: the reference of every table, made from the declarations it describes."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from ..metric.fact import FACTS, Fact
from ..records import RECORDS, Record
from ..records.base import MAX_DEPTH, MAX_TEXT
from .columns import RecordColumn, columns_of
from .schema import ENGINE_TABLES
from .version import SCHEMA_VERSION
from .views import view_name

COMMAND = "python -m deskmetry.store.docs > docs/schema.md"

_INTRODUCTION = f"""\
# Schema

Generated from the code by `{COMMAND}`; don't edit it by hand.
Schema version {SCHEMA_VERSION}.

One SQLite file holds records, as the sources tell them, with a readable view beside each table; facts, which
are derived from records and are what KPIs read; and the engine's own tables.

* Every record is keyed `(source_id, id)`; `source_id` is `sources.id`, `id` the vendor's own as text.
* Instants (`…_at`, `at`) are integer milliseconds since 1970 UTC, durations (`…_ms`) integer milliseconds,
  amounts (`…_minor`) integers in minor units, days of records ISO text, booleans 0 or 1.
* JSON columns are compact text with sorted keys; SQLite's `json_each` reads them.
* Foreign keys are declared for people and tools, and not enforced: streams arrive in any order.
* `TABLE_readable` shows each table with ISO text for instants and names for ids.

## Rules for values

What a connector gives is brought into this form, or refused; what is refused goes to `quarantine` alone.

* **id**: text as the vendor has it, without blanks around it; integers are written out. Nothing, booleans and
  fractions are refused.
* **reference** to another row: as an id; an empty text means none.
* **instant**: an aware datetime or ISO text with an offset, brought to UTC. Naive ones, numbers and years
  outside 1 to 9999 are refused.
* **text**: NUL bytes and lone surrogates become U+FFFD; what is longer than {MAX_TEXT:,} characters is cut
  (`messages.length` keeps the full length).
* **integer**: 64 bits; larger ones are refused.
* **number**: NaN and infinities are refused.
* **JSON**: texts as above, NaN and infinities become null, integers over 64 bits text. What nests deeper than
  {MAX_DEPTH} levels, or isn't JSON, is refused.

## Rules for copies

* `version` orders the copies of a record: a lower one never overwrites a higher one. A record without a
  version takes `updated_at` for it; without either, the later copy wins.
* **sticky**: once set, a field stays set, in whatever order copies arrive; of several values the smallest
  stays. `deleted_at` beside an `updated_at` holds until a newer copy lives that was changed after it.
* **derived**: filled by a later stage; a copy that leaves the field empty doesn't blank it.
* A redacted message has no text, whatever copy came last.
"""

_FACTS = """\
## Facts

Made from the records by every sync; `deskmetry rebuild` makes them anew. Facts keep `facts_state`,
`fact_alarms` and `survey_subjects` (when the facts of a ticket, or of surveys about it, change next by the
mere passing of time), `utc_offsets` of the configured zone, `people` (customers whose person isn't their own
address: docs/identity.md) and `known_agents` (once an agent, always an agent) beside them.
"""


def reference() -> str:
    """Return the page `docs/schema.md`."""
    parts = [_INTRODUCTION, "## Records\n"]
    parts += ["\n".join(_record(record)) for record in RECORDS]
    parts.append(_FACTS)
    parts += ["\n".join(_fact(fact)) for fact in FACTS]
    parts.append("## The engine's own\n")
    parts += ["\n".join(_engine(name, doc, sql)) for name, (doc, sql) in ENGINE_TABLES.items()]
    return "\n".join(parts)


def _record(record: type[Record]) -> Iterator[str]:
    yield f"### {record.table}\n"
    yield f"{_first_line(record)} (`{record.__name__}`; readable: `{view_name(record)}`)\n"
    yield "| column | type | holds |"
    yield "|---|---|---|"
    yield "| `source_id` | INTEGER, required, → `sources` | Source |"
    for column in columns_of(record):
        yield f"| `{column.name}` | {_type(column)} | {_cell(column.doc)} |"
    yield ""


def _type(column: RecordColumn) -> str:
    marks = [column.sql]
    marks += ["required"] if column.required else []
    marks += [f"→ `{column.references}`"] if column.references else []
    marks += ["sticky"] if column.sticky else []
    marks += ["derived"] if column.derived else []
    return ", ".join(marks)


def _fact(fact: Fact) -> Iterator[str]:
    yield f"### {fact.name}\n"
    key = f" Key: {', '.join(f'`{name}`' for name in fact.key)}." if fact.key else ""
    yield f"{fact.doc}{key}\n"
    yield "| column | type | holds |"
    yield "|---|---|---|"
    for column in fact.columns:
        yield f"| `{column.name}` | {column.type} | {_cell(column.doc)} |"
    yield ""


def _engine(name: str, doc: str, sql: str) -> Iterator[str]:
    yield f"### {name}\n"
    yield f"{doc}\n"
    yield "| column | type |"
    yield "|---|---|"
    for line in sql.splitlines()[1:-1]:
        declared = re.match(r"\s+([a-z_]+) ([A-Z][A-Z ]+?)(?: REFERENCES ([a-z_]+) .*| DEFAULT .*)?,?$", line)
        if declared:
            column, kind, other = declared.groups()
            yield f"| `{column}` | {kind.strip()}{f', → `{other}`' if other else ''} |"
    yield ""


def _first_line(record: type[Record]) -> str:
    return (record.__doc__ or "").splitlines()[0]


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


if __name__ == "__main__":
    sys.stdout.write(reference())
