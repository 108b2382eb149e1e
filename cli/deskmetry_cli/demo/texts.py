"""Texts: what customers write about and what the agents answer, read from `texts.toml`."""

from __future__ import annotations

import random
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

COMPANY = "Larkfield Cycles"
DOMAIN = "larkfield-cycles.example"


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing that customers write about; chances are those of a second question and of no answer."""

    tag: str
    share: float
    mailbox: str
    subjects: tuple[str, ...]
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    further: tuple[str, ...]
    asks_again: float
    unanswered: float


@dataclass(frozen=True, slots=True)
class Subject:
    """The subject of a mail that nobody asked for, with its text or its sender and list."""

    subject: str
    text: str = ""
    sender: str = ""
    list_id: str = ""


@dataclass(frozen=True, slots=True)
class Texts:
    """Everything that is written in the demo; `{order}` and the like stand for `details`."""

    topics: tuple[Topic, ...]
    outbound: tuple[Subject, ...]
    spam: tuple[Subject, ...]
    newsletters: tuple[Subject, ...]
    products: tuple[str, ...]
    thanks: tuple[str, ...]
    welcome: tuple[str, ...]
    nudges: tuple[str, ...]
    later: tuple[str, ...]
    confirms: tuple[str, ...]
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    acknowledgement: str
    absence: str

    def details(self, rng: random.Random) -> dict[str, object]:
        """Return what one thread is about in particular: order number, product, sizes."""
        return {
            "order": f"LC-{rng.randrange(10_000, 99_999)}",
            "product": rng.choice(self.products),
            "days": rng.randrange(3, 15),
            "height": rng.randrange(155, 198),
            "leg": rng.randrange(72, 94),
        }


def load() -> Texts:
    """Read the texts that ship with the demo."""
    raw: dict[str, Any] = tomllib.loads(files(__package__).joinpath("texts.toml").read_text("utf-8"))
    for name in ("first_names", "last_names"):
        raw[name] = raw[name].split()
    raw["topics"] = [Topic(**_frozen(topic)) for topic in raw["topics"]]
    for name in ("outbound", "spam", "newsletters"):
        raw[name] = [Subject(**row) for row in raw[name]]
    return Texts(**_frozen(raw))


def _frozen(table: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in table.items()}
