"""Server: an emulated account behind HTTP on a loopback address."""

from __future__ import annotations

from deskmetry.testing import EmulatedServer, Reply, Request

from .api import Api, RefusedError
from .company import Company
from .faults import Faults

TOKEN = "emulated-token"  # noqa: S105 - of an account that doesn't exist


class Emulator(EmulatedServer[tuple[str, dict[str, str]]]):
    """An account at `url`, while the `with` lasts. `log` holds every request, `counts` how many by path.

    port, cache: as for every emulated server. token: what bearers of it are let in with.
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
        self._api = Api(company, self.faults)
        self._token = token

    @property
    def url(self) -> str:
        """The address, with the version."""
        return f"{super().url}/v1"

    def clock(self) -> float:
        """Return the account's own time, Unix seconds."""
        return self.company.now

    def entry(self, request: Request) -> tuple[str, dict[str, str]]:
        """Return path and query."""
        return request.path, request.query

    def place(self, entry: tuple[str, dict[str, str]]) -> str:
        """Return the resource, ids left out."""
        return "/".join(entry[0].split("/")[2:3])

    def reply(self, request: Request) -> Reply:
        """Answer one request."""
        headers = {"X-RateLimit-Remaining": "1000000", "X-RateLimit-Reset": "1"} if self.faults.quick else {}
        try:
            self._let_in(request, headers)
            return Reply.of(
                self._api.answer(request.path.removeprefix("/v1/"), request.query), headers=headers
            )
        except RefusedError as error:
            words = {"httpCode": str(error.status), "message": error.message, "details": error.details}
            return Reply.of({"error": words}, error.status, headers)

    def _let_in(self, request: Request, headers: dict[str, str]) -> None:
        if self.faults.expired or request.header("Authorization") != f"Bearer {self._token}":
            raise RefusedError(401, "Unauthorized", "The access token is invalid or has expired")
        if self.faults.throttle:
            self.faults.throttle -= 1
            if self.faults.retry_after is not None:
                headers["Retry-After"] = self.faults.retry_after
            raise RefusedError(429, "Too many requests", "Out of quota")
