"""Canary: the secret that a trial's connector is given, and that must turn up nowhere."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

CANARY = "canary/5eCr3t+kEy==of~the:trial"
"""A secret that looks different in plain, base64 and URL-encoded form."""


def forms(secret: str) -> tuple[bytes, ...]:
    """Return the bytes by which a secret is known again: plain, URL-encoded, and base64 at any offset."""
    plain = secret.encode()
    found = {plain, quote(secret).encode(), quote(secret, safe="").encode(), quote_plus(secret).encode()}
    found |= {repr(secret)[1:-1].encode(), plain.hex().encode()}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for offset in range(3):
            # What stands before and after a secret changes the first and the last letters only.
            text = encode(b"\0" * offset + plain)
            found.add(text[4 if offset else 0 : len(text) // 4 * 4 - 4])
    return tuple(found)


def leaks(places: Iterable[tuple[str, bytes | str]], secrets: Iterable[str]) -> Iterator[str]:
    """Yield the names of the places that hold one of the secrets."""
    wanted = [form for secret in secrets for form in forms(secret)]
    for name, content in places:
        data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        if any(form in data for form in wanted):
            yield name
