"""Server: an emulated account behind HTTP on a loopback address."""

from __future__ import annotations

import json

from deskmetry.testing import EmulatedServer, Reply, Request

from .api import Api
from .company import Company
from .doors import TOKEN, Doors
from .exports import RefusedError
from .faults import Faults


class Emulator(EmulatedServer[tuple[str, str, dict[str, str]]]):
    """An account at `url`, while the `with` lasts. `log` holds every request, `counts` how many a path had.

    port, cache: as for every emulated server. token: what bearers of it are let in with.
    """

    def __init__(
        self,
        company: Company,
        faults: Faults | None = None,
        *,
        cache: bool = False,
        port: int = 0,
        token: str = TOKEN,
    ) -> None:
        super().__init__(port=port, cache=cache)
        self.company = company
        self.faults = faults or Faults()
        self._api = Api(company, self.faults, token)

    @property
    def doors(self) -> Doors:
        """Who may come in, and with which tokens."""
        return self._api.doors

    def clock(self) -> float:
        """Return the account's own time, Unix seconds."""
        return self.company.now

    def revision(self) -> object:
        """Return what tells whether anything happened: changes within a second are told apart here."""
        return self.company.revision, self.company.now

    def entry(self, request: Request) -> tuple[str, str, dict[str, str]]:
        """Return method, path and query."""
        return request.method, request.path, request.query

    def place(self, entry: tuple[str, str, dict[str, str]]) -> str:
        """Return the path."""
        return entry[1]

    def reply(self, request: Request) -> Reply:
        """Answer one request."""
        door = request.header("Authorization")
        try:
            found = self._api.answer(request.method, request.path, request.query, door, request.body)
        except RefusedError as error:
            return Reply.of({"error": error.code, "description": error.words}, error.status)
        text = found.text if found.text is not None else json.dumps(found.json, ensure_ascii=False)
        kind = {"Content-Type": "application/json; charset=utf-8"}
        return Reply(found.status, kind | found.headers, text.encode())
