"""Emulator: a Zendesk account on this machine, over HTTP, that behaves as the documentation says."""

from .company import Company
from .data import Audit, Rating, Ticket, User
from .doors import CLIENT, REFRESH, TOKEN
from .faults import Faults
from .server import Emulator

__all__ = [
    "CLIENT",
    "REFRESH",
    "TOKEN",
    "Audit",
    "Company",
    "Emulator",
    "Faults",
    "Rating",
    "Ticket",
    "User",
]
