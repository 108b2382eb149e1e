"""Privacy: errors after which nobody was erased and nothing was changed."""

from __future__ import annotations

from collections.abc import Iterable

from .base import DeskmetryError, ExitCode
from .store import StoreError
from .usage import UsageError


class KeyLost(StoreError):
    """The key that erased and hashed people are known by isn't the one that the database knows."""

    code = "key_lost"

    def __init__(self, path: object) -> None:
        super().__init__(
            f"{path} is missing or is another one than this database was worked on with.",
            "Put it back from a backup: without it, people who were erased would come back.",
            path=str(path),
        )


class PersonUnknown(UsageError):
    """Nobody has this address, telephone number or id."""

    code = "person_unknown"

    def __init__(self, asked: str) -> None:
        super().__init__(
            f"{asked!r} is nobody in this database.",
            "Name an e-mail address, a telephone number with its country, or the id of a customer"
            " (SOURCE:ID tells sources apart).",
        )


class PersonIsAgent(UsageError):
    """Somebody who answers for the company can't be erased."""

    code = "person_is_agent"

    def __init__(self, asked: str, sources: Iterable[str]) -> None:
        super().__init__(
            f"{asked!r} is an agent in {', '.join(sources)}, and answers are counted by agent.",
            "Rename the agent in the helpdesk and run `deskmetry sync --full`, or hide all agents in answers:"
            ' agents = "hidden".',
        )


class PersonAmbiguous(UsageError):
    """An id belongs to customers of several sources."""

    code = "person_ambiguous"

    def __init__(self, asked: str, known: Iterable[str]) -> None:
        super().__init__(
            f"{asked!r} is a customer in several sources, who may be different people.",
            f"Say whom you mean: {', '.join(known)}.",
        )


class ReaderHolds(StoreError):
    """What was erased still lies in the write-ahead log, because somebody reads."""

    exit_code = ExitCode.LOCKED
    code = "reader_holds"

    def __init__(self, path: object) -> None:
        super().__init__(
            f"Everything was erased from {path}, but its -wal file still has it: another program reads.",
            "Close that program and run the same command again with --yes.",
        )


class StillFound(DeskmetryError):
    """The search for what was erased found it."""

    exit_code = ExitCode.CHECK_FAILED
    code = "still_found"

    def __init__(self, hits: int, files: Iterable[object]) -> None:
        super().__init__(
            f"What was erased is still found {hits} times in {', '.join(map(str, files))}.",
            "Run it again; if it is still found, keep the files to yourself and report it.",
        )
