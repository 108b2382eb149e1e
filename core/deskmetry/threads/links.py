"""Links: the index entries by which a changed mail finds every mail that may share a thread with it."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from .assembly import is_orphan_reply, subject_key, token_keys
from .mail import Mail
from .subject import parse_subject


def links_of(mail: Mail) -> set[str]:
    """Return the entries of one mail: `id:`, `hint:`, `token:`, `subject:` and, for a bare reply, `reply:`.

    What follows the colon is a hash: short, without anybody's address; two that collide cost a little
    reading, never a wrong thread.
    """
    subject = parse_subject(mail.subject)
    links = {_link("id", key) for key in (mail.message_id, *mail.cited()) if key}
    links.update(_link("token", key) for key in token_keys(mail, subject))
    if mail.thread_hint:
        links.add(_link("hint", mail.thread_hint))
    if key := subject_key(mail, subject):
        links.add(_link("subject", key))
        if is_orphan_reply(mail, subject):
            links.add(_link("reply", key))
    return links


def partners(links: Iterable[str]) -> set[str]:
    """Return the entries under which to look for mails that may belong to one with these entries.

    Equal subjects alone join nothing: only a bare reply looks for its subject, and only it is looked for.
    Thousands of notifications with one subject thus don't drag each other in.
    """
    found = set()
    for link in links:
        kind, _, key = link.partition(":")
        found.add({"subject": "reply:" + key, "reply": "subject:" + key}.get(kind, link))
    return found


def _link(kind: str, key: str) -> str:
    return f"{kind}:{blake2b(key.encode(errors='surrogatepass'), digest_size=8).hexdigest()}"
