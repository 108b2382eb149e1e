"""Docs: the page of the grades and their rules, written from the rules themselves."""

from __future__ import annotations

import sys

from .rule import Grade
from .rules import RULES

COMMAND = "python -m deskmetry.testing.docs > docs/grades.md"

_MEANING = {
    Grade.BRONZE: "What it brings is right and whole, and its credentials are safe.",
    Grade.SILVER: "It can be synced every day: later runs are cheap and bring what is new, and servers that "
    "fail for a while cost nothing.",
    Grade.GOLD: "Nothing is lost on bad days either: stops, late rows, deletes, ended credentials, missing "
    "permissions, a strange row.",
    Grade.PLATINUM: "It bears whatever comes: hostile values, changed types, and being read all over again.",
}

_HEAD = f"""\
# Grades

How far a connector can be relied on, found out rather than claimed: `deskmetry grade NAME` puts it before a
made-up helpdesk, plays every fault, and looks at the values that arrive. A grade asks for all rules of the
grades before it. Home Assistant's integration quality scale is the model. Generated from the code by
`{COMMAND}`; don't edit it by hand.

```sh
deskmetry grade zendesk
deskmetry --plugin acme.py grade acmedesk --at-least gold    # exit code 8 if it is less
```
"""

_TRIAL = """\
## A trial

A connector is graded by the trial that its class names, a context manager that yields a `Trial`: a fresh
world, always the same one, and how a connector for it is made. Most worlds are a `FakeHelpdesk`
([testing.md](testing.md)); whoever has an emulator gives it the methods of `deskmetry.testing.World`.

```python
from contextlib import contextmanager

from deskmetry.testing import CANARY, Collection, FakeHelpdesk, Trial


def ticket(number, at):
    return {
        "id": number,
        "title": f"Question {number}",
        "state": "open",
        "created": "2026-02-01T08:00:00Z",
        "updated_at": at.isoformat(),
    }


@contextmanager
def trial():
    with FakeHelpdesk(Collection("/tickets", row=ticket, table="tickets")) as desk:
        yield Trial(world=desk, connector=lambda url: AcmeDesk(url=url, token=CANARY))
```

The class says where it is: `trial = "acme_trial:trial"`, or `":trial"` for a function beside the class. In a
package's own tests the same rules are tests of pytest:

```python
import pytest

from deskmetry.testing.contract import ConnectorContract


class TestAcmeDesk(ConnectorContract):
    @pytest.fixture
    def trial(self):
        return trial
```

A rule that can't apply is exempt, with a reason that is printed: it finds that out itself (a source that
doesn't speak HTTP has no faults of HTTP), or the trial gives it:
`Trial(…, exempt={"deletes_arrive": "nothing is ever deleted there"})`. A rule is open as long as one that it
builds on is missed.
"""


def grades() -> str:
    """Return the page as Markdown."""
    parts = [_HEAD]
    for grade in Grade:
        parts.append(f"## {grade.value.capitalize()}\n\n{_MEANING[grade]}\n")
        rows = ["| rule | what it asks for | why |", "|---|---|---|"]
        rows += [f"| `{one.name}` | {one.sentence} | {one.why} |" for one in RULES if one.grade is grade]
        parts.append("\n".join(rows) + "\n")
    return "\n".join([*parts, _TRIAL])


if __name__ == "__main__":
    sys.stdout.write(grades())
