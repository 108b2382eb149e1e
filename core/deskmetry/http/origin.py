"""Origin: scheme, host and port that credentials are bound to, and how paths and links are joined to them."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..errors import BadResponse, ConfigurationError, SourceError

if TYPE_CHECKING:
    import httpx

_PORTS = {"http": 80, "https": 443}
_HTTPS_HINT = "Give the address of the account, such as https://YOU.helpdesk.example"


def is_loopback(host: str) -> bool:
    """Tell whether a host names this machine, by name or by address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Origin:
    """The one scheme, host and port that a client speaks to; `base` is the configured address itself."""

    base: str
    host: str

    @property
    def secure(self) -> bool:
        """Whether it is spoken to over TLS."""
        return self.base.startswith("https:")

    @classmethod
    def parse(cls, url: str) -> Origin:
        """Read a configured address; ConfigurationError unless it is https, or http to a loopback address."""
        try:
            parts = urlsplit(url)
            host, _port = parts.hostname or "", parts.port
        except ValueError:
            raise ConfigurationError("The address of a source can't be read.", f"{_HTTPS_HINT}.") from None
        if parts.username is not None or parts.password is not None:
            raise ConfigurationError(
                f"The address of {host} holds a user name or password.",
                "Take them out of the address and give them as settings of their own.",
            )
        if not host or parts.scheme not in _PORTS:
            raise ConfigurationError(
                "The address of a source must begin with https:// and a host.", f"{_HTTPS_HINT}."
            )
        if parts.scheme == "http" and not is_loopback(host):
            raise ConfigurationError(
                f"The address of {host} is http, which would send the credentials in the clear.",
                "Write https:// instead; http is taken for a loopback address only.",
            )
        if parts.query or parts.fragment:
            raise ConfigurationError(f"The address of {host} has a query or a fragment.", f"{_HTTPS_HINT}.")
        return cls(parts.geturl().rstrip("/"), host)

    def address(self, path: str) -> httpx.URL:
        """Join a path to the base address, its own path included, or take a whole address of this origin."""
        if path.lower().startswith(("http://", "https://")):
            return self.require(_url(path, "A link"), "A link")
        below = path.lstrip("/")
        return self.require(_url(f"{self.base}/{below}" if below else self.base, "A path"), "A path")

    def follow(self, current: httpx.URL, link: str, what: str) -> httpx.URL:
        """Resolve a link that the server gave while answering `current`; SourceError at another origin."""
        import httpx

        try:
            if not link:
                raise ValueError("no link")
            return self.require(current.join(link), what)
        except (httpx.InvalidURL, ValueError):
            raise BadResponse(f"{what} from {self.host} isn't an address.", "Sync again later.") from None

    def require(self, url: httpx.URL, what: str) -> httpx.URL:
        """Return the address if it lies at this origin, else raise SourceError: secrets go nowhere else."""
        if _key(url) != _base_key(self.base) or url.userinfo:
            raise SourceError(
                f"{what} points at {url.scheme}://{url.host or '?'}, which isn't {self.base}: refused, "
                "because the credentials belong to one address only.",
                "If the account has moved, change its `url` in the configuration.",
                host=url.host,
            )
        return url


def _url(text: str, what: str) -> httpx.URL:
    import httpx

    try:
        return httpx.URL(text)
    except httpx.InvalidURL:
        raise SourceError(f"{what} isn't an address.", "Report it to the connector's author.") from None


@lru_cache(maxsize=64)
def _base_key(base: str) -> tuple[str, bytes, int | None]:
    """Return what every address of an origin begins with; each request asks for it several times."""
    return _key(_url(base, "The address of the source"))


def _key(url: httpx.URL) -> tuple[str, bytes, int | None]:
    return url.scheme, url.raw_host.lower(), url.port or _PORTS.get(url.scheme)
