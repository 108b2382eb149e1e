"""Erasure: what changes in a row so that nobody who was erased is in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .erased import Erased
from .held import held, is_held
from .identifiers import number_of, swap_addresses, swap_names, swap_numbers
from .shape import Shape, walked

Values = Mapping[str, Any]
Place = tuple[int, str, str]
"""Source, table and id of a row."""


class Erasure:
    """Take erased people out of rows, which are given as values by column with JSON as objects.

    Rows of one person should come customers first, then headers, tickets and messages: names are looked for
    only in what belongs to their tickets, which are learnt from those rows. `others` takes the places of
    texts by others that carry them, where it is given.
    """

    def __init__(self, erased: Erased, others: list[Place] | None = None) -> None:
        self.erased = erased
        self._others = others
        self.tickets: set[tuple[int, str]] = set()
        self.mails: set[tuple[int, str]] = set()

    def changes(self, source: int, shape: Shape, values: Values) -> dict[str, Any]:
        """Return the columns that change, with their new values."""
        if shape.table == "raw_records":
            raw = values.get("raw")
            return {"raw": held(raw)} if not is_held(raw) and self.names(source, raw) else {}
        own = self._own(source, shape, values)
        about = self._about(source, shape, values, own)
        new = self._swapped(shape, values, names=about)
        if own and shape.table == "customers":
            new |= self._customer(source, values)
        if shape.table == "message_headers":
            new |= self._header(values)
        if shape.written and (own or values.get(shape.written)):
            new |= self._written(source, shape, values, own=own, about=about)
        return {name: value for name, value in new.items() if value != values.get(name)}

    def names(self, source: int, value: Any, key: str = "") -> bool:
        """Return whether an object as it came names somebody who was erased, by address, number or id."""
        if isinstance(value, Mapping):
            return any(self.names(source, item, str(name)) for name, item in value.items())
        if isinstance(value, list | tuple):
            return any(self.names(source, item, key) for item in value)
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            return False
        if key.lower().endswith("id") and self.erased.customer(source, value):
            return True
        erased = self.erased
        swapped = erased.swapped(value)
        return (swap_names(swapped, erased.lengths, erased.name) if erased.lengths else swapped) != value

    # --- whose row it is -------------------------------------------------------------------------------

    def _own(self, source: int, shape: Shape, values: Values) -> bool:
        erased = self.erased
        if shape.table == "message_headers":
            return any(
                value and erased.address(value)
                for value in (values.get("from_address"), values.get("counterpart"))
            )
        if shape.person is None:
            return False
        if erased.known(source, values.get(shape.person)):
            return True
        if shape.table != "customers":
            return False
        email, phone = values.get("email"), values.get("phone")
        if email:
            return erased.address(email.strip()) is not None
        digits = number_of(phone) if phone else None
        return digits is not None and erased.number(digits) is not None

    def _about(self, source: int, shape: Shape, values: Values, own: bool) -> bool:
        """Return whether a row belongs to a ticket or mail of an erased person; learn both."""
        mail: str = values["mail_id"] if shape.table == "message_headers" else values["id"]
        ticket = values["id"] if shape.table == "tickets" else values.get("ticket_id")
        if own:
            self.mails |= {(source, mail)} if shape.table in ("messages", "message_headers") else set()
            self.tickets |= {(source, ticket)} if ticket and shape.table in ("messages", "tickets") else set()
            return True
        return (source, ticket) in self.tickets or (source, mail) in self.mails

    # --- what changes ----------------------------------------------------------------------------------

    def _swapped(self, shape: Shape, values: Values, *, names: bool) -> dict[str, Any]:
        erased = self.erased
        lengths = erased.lengths if names else ()

        def change(text: str) -> str:
            text = erased.swapped(text)
            return swap_names(text, lengths, erased.name) if lengths else text

        new = {}
        for name in shape.texts:
            if value := values.get(name):
                new[name] = change(value)
        for name in shape.jsons:
            if value := values.get(name):
                new[name] = walked(value, change)
        return {name: value for name, value in new.items() if value != values[name]}

    def _customer(self, source: int, values: Values) -> dict[str, Any]:
        """Return an erased customer's row; what is new of them in it is known from now on."""
        erased, new = self.erased, dict[str, Any]()
        email, phone, name = values.get("email"), values.get("phone"), values.get("name")
        stand_ins = erased.pseudonyms
        if not erased.customer(source, values["id"]):
            erased.add_customer(source, values["id"])
        if email and not email.endswith("@erased.invalid"):
            if erased.address(email) is None:
                erased.add_address(email)
            new["email"] = erased.address(email)
        digits = number_of(phone) if phone else None
        if phone and not phone.startswith("+999"):
            # A number that somebody else has too isn't known as theirs.
            new["phone"] = stand_ins.number(digits or phone)
        if name and not name.startswith("erased-"):
            erased.add_name(name)
            new["name"] = stand_ins.name(email or values["id"])
        return new

    def _header(self, values: Values) -> dict[str, Any]:
        new = {}
        for address, name in (("from_address", "from_name"), ("counterpart", "counterpart_name")):
            known, told = values.get(address), values.get(name)
            # A name that was replaced before was made from the address that isn't there any more.
            if not told or str(told).startswith("erased-"):
                continue
            if isinstance(known, str) and self.erased.address(known):
                new[name] = self.erased.pseudonyms.name(self.erased.aliases.get(known, known))
        return new

    def _written(
        self, source: int, shape: Shape, values: Values, *, own: bool, about: bool
    ) -> dict[str, Any]:
        assert shape.written is not None
        if own and (shape.table != "messages" or values.get("author_kind") == "customer"):
            # A redacted message never gets its text back, whatever copy comes.
            return {shape.written: None} | ({"redacted": True} if shape.table == "messages" else {})
        text = values.get(shape.written)
        if not text:
            return {}
        if self._others is not None and self._cleaned(text, about=about, all_=True) != text:
            self._others.append((source, shape.table, values["id"]))
        return {shape.written: self._cleaned(text, about=about)} if self.erased.in_texts else {}

    def _cleaned(self, text: str, *, about: bool, all_: bool = False) -> str:
        """Return a text by others without those who were erased `--in-texts`, or without all of them."""
        erased = self.erased
        text = swap_addresses(text, erased.address if all_ else erased.address_in_texts)
        text = swap_numbers(text, erased.number if all_ else erased.number_in_texts)
        if not about or not erased.lengths:
            return text
        return swap_names(text, erased.lengths, erased.name if all_ else erased.name_in_texts)
