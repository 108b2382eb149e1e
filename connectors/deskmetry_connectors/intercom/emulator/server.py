"""Server: an emulated workspace behind HTTP on a loopback address."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from deskmetry.testing import EmulatedServer, Reply, Request

from .api import TOKEN, Api
from .company import Company
from .faults import Faults


class Emulator(EmulatedServer[tuple[str, str, Any]]):
    """A workspace at `url`, while the `with` lasts. `log` holds requests, `counts` how many a path had.

    port, cache: as for every emulated server. token: what bearers of it are let in with. versions: how many
    requests asked for which version of the API.
    """

    def __init__(
        self,
        company: Company,
        faults: Faults | None = None,
        *,
        port: int = 0,
        token: str = TOKEN,
        cache: bool = False,
    ) -> None:
        super().__init__(port=port, cache=cache)
        self.company = company
        self.faults = faults or Faults()
        self.versions: Counter[str] = Counter()
        self._api = Api(company, self.faults, token)

    def clock(self) -> float:
        """Return the workspace's own time, Unix seconds."""
        return self.company.now

    def entry(self, request: Request) -> tuple[str, str, Any]:
        """Return method, path, and what was asked for: the body's JSON, else the query."""
        asked = json.loads(request.body) if request.body else request.query
        return request.method, request.path, asked

    def place(self, entry: tuple[str, str, Any]) -> str:
        """Return the path; conversations asked for alone come under one name."""
        path = entry[1]
        return "/conversations/*" if path.rpartition("/")[2].isdecimal() else path

    def reply(self, request: Request) -> Reply:
        """Answer one request."""
        self.versions[request.header("Intercom-Version") or "none"] += 1
        door = request.header("Authorization")
        found = self._api.answer(request.method, request.path, request.query, door, request.body)
        return Reply.of(found.json, found.status, found.headers)
