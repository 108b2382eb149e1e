"""Server: an emulated account behind HTTP on a loopback address."""

from __future__ import annotations

import json
import threading
from collections import Counter
from email.utils import format_datetime
from types import TracebackType
from typing import Any

from deskmetry.testing.server import LoopbackServer
from deskmetry.testing.values import Reply, Request

from .api import TOKEN, Api, RefusedError
from .company import Company
from .faults import Faults


class Emulator:
    """An account at `url`, while the `with` lasts. `log` holds method and body of every request.

    port: a free one if not given. token: what bearers of it are let in with, besides the personal one.
    """

    def __init__(
        self, company: Company, faults: Faults | None = None, *, port: int = 0, token: str = TOKEN
    ) -> None:
        self.company = company
        self.faults = faults or Faults()
        self.log: list[tuple[str, Any]] = []
        self._api = Api(company, self.faults, token)
        self._lock = threading.Lock()
        self._server = LoopbackServer(self._answer, port=port)

    @property
    def url(self) -> str:
        """The address."""
        return self._server.url

    @property
    def counts(self) -> Counter[str]:
        """How many requests each method has had."""
        return Counter(method for method, _ in self.log)

    def asked(self, method: str) -> list[Any]:
        """Return the bodies that a method was called with."""
        return [body for name, body in self.log if name == method]

    def __enter__(self) -> Emulator:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    def _answer(self, request: Request) -> Reply:
        with self._lock:
            date = {"Date": format_datetime(self.company.now, usegmt=True)}
            name = request.path.rpartition("/")[2]
            try:
                body = json.loads(request.body) if request.body else {}
            except ValueError:
                body = None
            self.log.append((name, body))
            try:
                found = self._api.answer(request, name, body)
            except RefusedError as error:
                about = {"type": error.type, "message": str(error)} | (
                    {"data": error.data} if error.data else {}
                )
                return Reply.of({"error": about}, error.status, date | error.headers)
            return Reply.of(found, headers=date)
