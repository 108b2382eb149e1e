"""Rules: what changes in a row so that it holds no more than the settings allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..settings.model import Privacy
from .held import held, is_held
from .identifiers import fold, number_of, swap_addresses
from .key import Key
from .pseudonyms import HASHED, Pseudonyms, is_pseudonym
from .shape import Shape, walked

Values = Mapping[str, Any]
_CUSTOMER = "customer"
# What joins mails stays as it came, and what our own people are called.
_LEFT = frozenset({"message_id", "in_reply_to", "list_id", "thread_hint", "folder", "mail_id", "link"})
_OF_OURS = frozenset({"assignee", "team"})


class Rules:
    """Hold texts and names of customers back as the settings say."""

    def __init__(self, privacy: Privacy, key: Key | None, agents: Iterable[str] = ()) -> None:
        self._privacy = privacy
        self._stand_ins = Pseudonyms(key, HASHED) if key is not None and privacy.people == "hash" else None
        own = {fold(address) for address in privacy.own}
        self._ours = {address for address in own if not address.startswith("@")} | set(map(fold, agents))
        self._domains = {address[1:] for address in own if address.startswith("@")}

    @property
    def holds_back(self) -> bool:
        """Return whether anything is held back; objects as they came aren't kept then either."""
        return self._stand_ins is not None or self._privacy.bodies != "keep"

    def know_agent(self, values: Values) -> None:
        """Know an agent, who isn't hashed."""
        self._ours |= {fold(text) for text in (values.get("id"), values.get("email")) if text}

    def swapped(self, text: str) -> str:
        """Return a text with the addresses of customers hashed, if they are to be."""
        return swap_addresses(text, self._address)

    def changes(self, shape: Shape, values: Values) -> dict[str, Any]:
        """Return the columns that change, with their new values."""
        if shape.table == "agents":
            self.know_agent(values)
            return {}
        if shape.table == "raw_records":
            return {} if is_held(values.get("raw")) else {"raw": held(values.get("raw"))}
        new = self._text(shape, values)
        if self._stand_ins is not None:
            new |= self._people(self._stand_ins, shape, values)
        return {name: value for name, value in new.items() if value != values.get(name)}

    def _text(self, shape: Shape, values: Values) -> dict[str, Any]:
        text = values.get(shape.written) if shape.written else None
        if text is None or shape.written is None or self._privacy.bodies == "keep":
            return {}
        short = text[: self._privacy.cut_after] if self._privacy.bodies == "cut" else None
        new: dict[str, Any] = {shape.written: short}
        if shape.table == "messages" and values.get("length") is None:
            new["length"] = len(text)
        return new

    # --- people ----------------------------------------------------------------------------------------

    def _address(self, address: str) -> str | None:
        """Return the stand-in for an address, unless it is ours or is one already."""
        known = fold(address)
        if is_pseudonym(known) or known in self._ours or known.rpartition("@")[2] in self._domains:
            return None
        local, _, domain = known.partition("@")
        if f"{local.partition('+')[0]}@{domain}" in self._ours or self._stand_ins is None:
            return None
        return self._stand_ins.address(known)

    def _people(self, stand_ins: Pseudonyms, shape: Shape, values: Values) -> dict[str, Any]:
        def change(text: str) -> str:
            return swap_addresses(text, self._address)

        new: dict[str, Any] = {}
        for name in shape.texts:
            value = values.get(name)
            # Ids but those of people are left: a Message-ID looks like an address.
            if value and self._names_people(shape, name, values):
                digits = number_of(value) if name == shape.person and value[:1] == "+" else None
                new[name] = stand_ins.number(digits) if digits else change(value)
        for name in shape.jsons:
            if (value := values.get(name)) and name != "references":
                new[name] = walked(value, change)
        if shape.table == "customers":
            new |= self._customer(stand_ins, values)
        if shape.table == "message_headers":
            for address, name in (("from_address", "from_name"), ("counterpart", "counterpart_name")):
                if values.get(name) and new.get(address, values.get(address)) != values.get(address):
                    new[name] = stand_ins.name(values[address])
        return new

    def _names_people(self, shape: Shape, name: str, values: Values) -> bool:
        if name == shape.person:
            kind = values.get("author_kind" if shape.table == "messages" else "actor_kind", _CUSTOMER)
            return bool(kind == _CUSTOMER)
        if name == "id" or name.endswith("_id") or name in _LEFT:
            return False
        return not (shape.table == "ticket_events" and values.get("kind") in _OF_OURS)

    def _customer(self, stand_ins: Pseudonyms, values: Values) -> dict[str, Any]:
        email, phone, name = values.get("email"), values.get("phone"), values.get("name")
        if email and is_pseudonym(fold(email)):
            return {}
        if email and self._address(email) is None:
            return {}  # one of ours
        new: dict[str, Any] = {"email": self._address(email)} if email else {}
        if phone and not phone.startswith("+999"):
            new["phone"] = stand_ins.number(number_of(phone) or phone)
        if name and not name.startswith(("hashed-", "erased-")):
            new["name"] = stand_ins.name(email or values["id"])
        return new
