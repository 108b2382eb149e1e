"""A canary secret, and where it turned up: plain, URL-encoded and in base64, in texts, errors and files."""

from __future__ import annotations

import base64
import traceback
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

CANARY = "cAnArY/7f3e+9a~b2c4d6"
"""A secret with characters that encodings change."""


def forms(secret: str = CANARY) -> set[str]:
    """Return the forms of a secret that must not stand anywhere; in base64 whatever stands before it."""
    found = {secret, quote(secret, safe=""), quote(secret)}
    for before in ("", "x", "xx"):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            inside = encode((before + secret).encode()).decode().rstrip("=")
            found.add(inside[4 if before else 0 : -2])
    return found


def echoes(secret: str = CANARY) -> str:
    """Return the secret as a careless program repeats it: plain, encoded, alone and within other things."""
    whole = [secret, quote(secret, safe=""), quote(secret)]
    for around in (secret, f"a:{secret}", f"ab:{secret}:c", f"agent@acme.example/token:{secret}"):
        whole += [
            base64.b64encode(around.encode()).decode(),
            base64.urlsafe_b64encode(around.encode()).decode(),
        ]
    return " ".join(whole)


def leaks(*texts: str | bytes, secret: str = CANARY) -> list[str]:
    """Return the forms of the secret that stand in these texts."""
    whole = "\n".join(text if isinstance(text, str) else text.decode("latin-1") for text in texts)
    return [form for form in forms(secret) if form in whole]


def leaking_files(folder: Path, secret: str = CANARY, but: Iterable[str] = ()) -> list[str]:
    """Return the files under a folder, and the names of files, that hold the secret in some form."""
    return [
        path.name
        for path in folder.rglob("*")
        if path.name not in but
        and (leaks(path.name, secret=secret) or (path.is_file() and leaks(path.read_bytes(), secret=secret)))
    ]


def told(error: BaseException) -> str:
    """Return everything that an error can show, with its causes, as a traceback would print it."""
    texts = traceback.format_exception(error)
    seen: BaseException | None = error
    while seen is not None:
        texts += [str(seen), repr(seen), repr(seen.args), repr(vars(seen))]
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return "\n".join(texts)
