"""HttpClient: requests to one origin, authenticated, limited, retried, checked and redacted."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError
from .answer import Answer, Reply, read_answer
from .call import Call, plain, plain_parameters
from .failure import is_throttled, judge, vendor_words
from .limiter import Patience, family_of, http_date, retry_after
from .origin import Origin
from .paging import Batch, Pager
from .policy import HttpContext, Policy, Prior
from .redaction import excerpt, redact, secrets_in
from .retry import Retry
from .steps import Steps
from .wire import Wire

if TYPE_CHECKING:
    import httpx

Headers = Mapping[str, str]
_SENDABLE = re.compile(r"(?! )[\x20-\x7e]*(?<! )")


class HttpClient:
    """Speaks JSON with one origin, for all threads of one source; nothing is opened before the first request.

    url: the address that credentials are bound to, https only (http to a loopback address).
    headers: called for each try, returns the headers that authenticate it.
    refresh: called once when a request is answered 401; returns whether there are new credentials now.
    account: tells this account from others at the same address; clients of one account share its limits.
    clock: seconds, monotonic; tests bring their own.

    Every request may be sent more than once, so it must only read. Errors are the SourceErrors of
    `deskmetry.errors`; their `data["status"]` is the status and `data["words"]` what the vendor said.
    """

    def __init__(
        self,
        url: str,
        headers: Callable[[], Headers],
        context: HttpContext,
        *,
        refresh: Callable[[], bool] | None = None,
        policy: Policy | None = None,
        account: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.origin = Origin.parse(url)
        self.policy = policy or Policy()
        self.sizes = context.sizes  # page size that worked, by endpoint family
        self._headers = headers
        self._context = context
        self._refresh = refresh
        self._clock = clock
        self._limiter = context.limits.of(self.origin.base, account, clock)
        self._wire = Wire(self.origin, self.policy, context)
        self._refreshing = threading.Lock()
        self._refresher: int | None = None  # the thread that renews the credentials

    def __repr__(self) -> str:
        return f"HttpClient({self.origin.base!r})"

    @property
    def server_time(self) -> datetime | None:
        """The server's clock as of its last answer, aware; None before it."""
        return self._wire.server_time

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        self._wire.close()

    # --- what a connector calls ----------------------------------------------------------------------

    def get_json(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        items: str | None = None,
        prior: Prior | None = None,
    ) -> Answer:
        """GET a path below the client's address, or a whole address of its origin; return a checked answer.

        Parameters that are None are left out. `items` is the dotted path of a list that must be there
        (an empty one is the top level). prior: the limit to keep to until an answer has a header about
        limits.
        """
        return self.read(Call("GET", self._address(path, params), items=items, prior=prior))

    def post_json(
        self,
        path: str,
        body: Any = None,
        params: Mapping[str, Any] | None = None,
        *,
        items: str | None = None,
    ) -> Answer:
        """POST a JSON body, as some vendors want it for searches; it may be sent more than once."""
        return self.read(
            Call("POST", self._address(path, params), plain({} if body is None else body), items)
        )

    def pages(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        items: str = "data",
        next_url: str | None = None,
        next_header: bool = False,
        next_cursor: str | None = None,
        cursor_param: str = "cursor",
        cursor_alone: bool = False,
        page_param: str | None = None,
        first_page: int = 1,
        offset_param: str | None = None,
        total: str | None = None,
        more: str | None = None,
        end: str | None = None,
        page_size: tuple[str, int] | None = None,
        start: Any = None,
        post: bool = False,
        prior: Prior | None = None,
    ) -> Iterator[Batch]:
        """Read page after page; exactly one of five ways says which is next. Paths into answers are dotted.

        next_url: the next page's address, in each answer; next_header: in its `Link` header (RFC 8288).
        next_cursor: a value that goes into `cursor_param` (with `cursor_alone`, instead of all other
        parameters). page_param: pages are numbered from `first_page`. offset_param: items are. Numbered
        pages end with an empty one, or at the `total`; if an item goes away while they are read, those after
        it move up and one is missed, so prefer links and cursors where the vendor has them.

        more, end: a boolean in each answer that says whether pages follow, or none; it must be there.
        page_size: parameter and size; a page that is too big for the server (504) is halved.
        start: the `token` of an earlier batch, to go on there; CursorRefused if the vendor doesn't take it.
        post: the parameters are the JSON body of a POST; `cursor_param` is a dotted path into it.
        prior: the limit to keep to until an answer has a header about limits.
        """
        if post and (next_url is not None or next_header):
            raise TypeError("next links are read with GET")
        steps = Steps(
            next_url, next_cursor, cursor_param, cursor_alone, page_param, first_page, offset_param, total,
            next_header,
        )  # fmt: skip
        pager = Pager(
            self,
            self._address(path, None),
            plain_parameters(params),
            items,
            steps,
            more,
            end,
            page_size,
            post,
            prior,
        )
        return pager.batches(start)

    # --- one request, and its tries --------------------------------------------------------------------

    def count_retry(self) -> None:
        """Count a request that is sent again, in this or in a smaller form."""
        self._wire.count_retry()

    def read(self, call: Call) -> Answer:
        """Send a call until its answer is a good one; raise the fitting SourceError once it can't be had."""
        self.origin.require(call.url, "A request")
        patience = Patience(self._context, self.origin.host)
        retry = Retry(self.policy, patience, self._clock, self.count_retry)
        return retry.run(lambda: self._try(call, patience))

    def _try(self, call: Call, patience: Patience) -> Answer:
        family = family_of(call.url.path)
        self._limiter.acquire(family, patience, call.prior)
        reply, headers = self._authenticated(call)
        self._limiter.learn(family, reply.headers, self._wire.server_time)
        asked = reply.headers.get("retry-after")
        if throttled := is_throttled(reply.status, asked):
            heard = http_date(reply.headers.get("date"))
            self._limiter.block(family, retry_after(asked, heard, self.policy.default_retry_after))
        if not 200 <= reply.status < 300:
            words = excerpt(redact(vendor_words(reply.body), secrets_in(headers)))
            raise judge(reply.status, reply.where, words, throttled=throttled, shrinkable=call.shrinkable)
        return read_answer(reply, call.items, self.policy.max_depth)

    def _authenticated(self, call: Call) -> tuple[Reply, Headers]:
        """Send; after a 401 refresh the credentials once and send again. Returns the headers sent as well."""
        headers = self._checked_headers()
        reply = self._wire.exchange(call, headers)
        # A refresh may ask through this client: a 401 to that is final, and waiting for itself would hang.
        if reply.status != 401 or self._refresh is None or self._refresher == threading.get_ident():
            return reply, headers
        with self._refreshing:
            self._refresher = threading.get_ident()
            try:
                # Another thread may have refreshed meanwhile; twice would burn a single-use refresh token.
                renewed = self._checked_headers() != headers or self._refresh()
            finally:
                self._refresher = None
        if renewed:
            self.count_retry()
            headers = self._checked_headers()
            reply = self._wire.exchange(call, headers)
        return reply, headers

    def _checked_headers(self) -> dict[str, str]:
        """Return the author's headers; one that can't be sent is refused here, where it isn't quoted."""
        headers = dict(self._headers())
        for name, value in headers.items():
            if not _SENDABLE.fullmatch(value):
                raise ConfigurationError(
                    f"The header {name} of {self.origin.host} holds a character that can't be sent.",
                    "The secret was probably stored with a line break or a blank around it; store it again.",
                )
        return headers

    def _address(self, path: str, params: Mapping[str, Any] | None) -> httpx.URL:
        address = self.origin.address(path)
        sent = plain_parameters(params)
        return address.copy_merge_params(sent) if sent else address
