"""Server: an emulated account behind HTTP on a loopback address."""

from __future__ import annotations

import json
from typing import Any

from deskmetry.testing import EmulatedServer, Reply, Request

from .api import TOKEN, Api, RefusedError
from .company import Company
from .faults import Faults


class Emulator(EmulatedServer[tuple[str, Any]]):
    """An account at `url`, while the `with` lasts. `log` holds method and body of every request.

    port, cache: as for every emulated server. token: what bearers of it are let in with, besides the
    personal one.
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
        self._api = Api(company, self.faults, token)

    def clock(self) -> float:
        """Return the account's own time, Unix seconds."""
        return self.company.now.timestamp()

    def asked(self, method: str) -> list[Any]:
        """Return the bodies that a method was called with."""
        return [body for name, body in self.log if name == method]

    def entry(self, request: Request) -> tuple[str, Any]:
        """Return method and body; no body where it isn't JSON."""
        try:
            return request.path.rpartition("/")[2], json.loads(request.body) if request.body else {}
        except ValueError:
            return request.path.rpartition("/")[2], None

    def place(self, entry: tuple[str, Any]) -> str:
        """Return the method."""
        return entry[0]

    def reply(self, request: Request) -> Reply:
        """Answer one request."""
        name, body = self.entry(request)
        try:
            return Reply.of(self._api.answer(request, name, body))
        except RefusedError as error:
            about = {"type": error.type, "message": str(error)} | ({"data": error.data} if error.data else {})
            return Reply.of({"error": about}, error.status, error.headers)
