"""Own: which addresses, domains and mailing lists belong to the company."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .headers import Address

_TAG = re.compile(r"\+[^@]*(?=@)")


@dataclass(frozen=True, slots=True)
class Own:
    """The company's addresses: exact ones are shared mailboxes, those of a domain pattern are people.

    `address in own` also knows `support+anything@…`. `domains` are those of the patterns.
    """

    addresses: frozenset[str]
    domains: frozenset[str]
    lists: frozenset[str]

    @classmethod
    def of(cls, addresses: Iterable[str], lists: Iterable[str] = ()) -> Own:
        """Make it from settings: `support@acme.example`, `@acme.example`, and List-Ids."""
        texts = [text.strip().lower() for text in addresses]
        return cls(
            frozenset(text for text in texts if not text.startswith("@")),
            frozenset(text[1:] for text in texts if text.startswith("@")),
            frozenset(text.strip().strip("<>").lower() for text in lists),
        )

    def __contains__(self, address: object) -> bool:
        if isinstance(address, Address):
            address = address.address
        if not isinstance(address, str):
            return False
        return self.shared(address) or address.rpartition("@")[2] in self.domains

    def shared(self, address: str) -> bool:
        """Say whether an address is configured exactly: a mailbox that several people may share."""
        return address in self.addresses or _TAG.sub("", address, count=1) in self.addresses

    def is_list(self, list_id: str | None) -> bool:
        """Say whether a List-Id is one of ours: configured, or under a domain of our addresses."""
        if not list_id:
            return False
        ours = self.domains | {address.rpartition("@")[2] for address in self.addresses}
        return list_id in self.lists or any(
            list_id == domain or list_id.endswith("." + domain) for domain in ours
        )
