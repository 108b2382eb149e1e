"""Agents: who of us wrote an outbound mail."""

from __future__ import annotations

from datetime import datetime

from deskmetry.records import Agent, to_milliseconds

from .headers import Address, addresses, decode_words
from .own import Own
from .parse import ParsedMail


def agent_of(mail: ParsedMail, author: Address, own: Own, header: str | None, at: datetime) -> Agent:
    """Return the agent behind an outbound mail.

    The header that the settings name comes first. A shared address is told apart by Sender, else by display
    name. Only a personal address becomes the agent's e-mail, since agents with one e-mail are one human. The
    newest mail names the agent.
    """
    version = to_milliseconds(at)
    if header and (value := " ".join(decode_words(mail.headers.first(header.lower())).split())):
        named = next(iter(addresses([value])), None)
        key = named.address if named else value.lower()
        email = named.address if named and not own.shared(named.address) else None
        return Agent(
            id=key, name=(named.name or named.address) if named else value, email=email, version=version
        )
    name = "" if author.name.lower() == author.address else author.name
    if not own.shared(author.address):
        return Agent(id=author.address, name=name or author.address, email=author.address, version=version)
    sender = next(iter(mail.sender), None)
    if sender is not None and sender.address != author.address:
        email = None if own.shared(sender.address) else sender.address
        return Agent(
            id=sender.address, name=sender.name or name or sender.address, email=email, version=version
        )
    key = f"{author.address}|{name.lower()}" if name else author.address
    return Agent(id=key, name=name or author.address, email=None, version=version)
