"""People: the customers of the company, their addresses and the mail programs they write with."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_PROVIDERS = (
    "mailhaus.example",
    "postbox.example",
    "webpost.example",
    "inbox-online.example",
    "brief.example",
)
_EMPLOYERS = (
    "hafenwerk.example",
    "studio-lind.example",
    "stadtwerke-nord.example",
    "quarry-partners.example",
)


@dataclass(frozen=True, slots=True)
class Client:
    """A mail program: its own header line, how it marks a reply, how it builds bodies and message ids."""

    header: str
    prefix: str
    style: str  # plain, quoted (printable), base64, alternative or html
    charset: str = "utf-8"


CLIENTS = (
    Client("X-Mailer: Apple Mail (2.3774)", "Re: ", "quoted"),
    Client("User-Agent: Mozilla Thunderbird", "Re: ", "plain"),
    Client("X-Mailer: Webmail 9.2", "Re: ", "alternative"),
    Client("X-Mailer: Webmail 9.2", "Re: ", "plain"),
    Client("X-Mailer: Microsoft Outlook 16.0", "RE: ", "alternative", "windows-1252"),
    Client("X-Mailer: Microsoft Outlook 16.0", "AW: ", "quoted", "iso-8859-1"),
    Client("X-Mailer: Phone 11", "Re: ", "base64"),
    Client("X-Mailer: Phone 11", "Sv: ", "html"),
)
_SHARES = (18, 24, 14, 14, 8, 10, 10, 2)


# Numbers that are set aside for films, so that nobody's telephone rings: Berlin, Frankfurt, Hamburg, …
_EXCHANGES = ("+49 30 23125", "+49 69 90009", "+49 40 66969", "+49 221 4710", "+49 89 99998")


@dataclass(slots=True)
class Customer:
    """One customer; some have a second address that they write from now and then, some gave a number."""

    name: str
    address: str
    client: Client
    other_address: str | None = None
    phone: str | None = None

    @property
    def first_name(self) -> str:
        """The name that agents greet them with."""
        return self.name.split()[0]


class People:
    """The growing list of customers."""

    def __init__(self, first_names: Sequence[str], last_names: Sequence[str]) -> None:
        self._first_names = first_names
        self._last_names = last_names
        self.customers: list[Customer] = []
        self._taken: set[str] = set()
        self._made = 0

    def writes(self, rng: random.Random) -> Customer:
        """Return who opens the next thread: a new customer, a known one, or one who wrote just lately."""
        chance = rng.random()
        if len(self.customers) > 50 and chance < 0.32:
            lately = chance < 0.05
            known = self.customers[-60:] if lately else self.customers
            return known[rng.randrange(len(known))]
        customer = self._new(rng)
        self.customers.append(customer)
        return customer

    def buys(self, rng: random.Random) -> Customer:
        """Return a customer who never writes."""
        return self._new(rng)

    def _new(self, rng: random.Random) -> Customer:
        first, last = rng.choice(self._first_names), rng.choice(self._last_names)
        client = rng.choices(CLIENTS, _SHARES)[0]
        if client.charset != "utf-8":
            first, last = _latin(first), _latin(last)
        address = self._address(rng, first, last, _PROVIDERS)
        customer = Customer(f"{first} {last}", address, client, phone=self._phone())
        if rng.random() < 0.03:
            customer.other_address = self._address(rng, first, last, _EMPLOYERS)
        return customer

    def _phone(self) -> str | None:
        """Return the next number, one for each; two of five gave none."""
        self._made += 1
        exchange, line = divmod(self._made - 1, 1000)
        return f"{_EXCHANGES[exchange]} {line:03}" if exchange < len(_EXCHANGES) and line % 5 < 3 else None

    def _address(self, rng: random.Random, first: str, last: str, domains: tuple[str, ...]) -> str:
        local = rng.choice(
            (f"{_ascii(first)}.{_ascii(last)}", f"{_ascii(first)[0]}.{_ascii(last)}", f"{_ascii(last)}")
        )
        domain = rng.choice(domains)
        address, number = f"{local}@{domain}", 1
        while address in self._taken:
            number += rng.randrange(1, 30)
            address = f"{local}{number}@{domain}"
        self._taken.add(address)
        return address


def _ascii(name: str) -> str:
    plain = name.lower().replace("ø", "o").replace("ü", "ue").replace("ö", "oe").replace("ä", "ae")
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()


def _latin(name: str) -> str:
    try:
        name.encode("iso-8859-1")
    except UnicodeEncodeError:
        return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return name
