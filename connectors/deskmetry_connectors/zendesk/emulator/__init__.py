"""Emulator: a Zendesk account on this machine, over HTTP, that behaves as the documentation says."""

from .api import CLIENT, TOKEN
from .company import Company
from .data import Audit, Rating, Ticket, User
from .faults import Faults
from .server import Emulator

__all__ = ["CLIENT", "TOKEN", "Audit", "Company", "Emulator", "Faults", "Rating", "Ticket", "User"]
