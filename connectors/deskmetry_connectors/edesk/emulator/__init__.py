"""Emulator: an eDesk account on this machine, over HTTP, that behaves as documented and as seen live."""

from .company import Company
from .data import Item, SalesOrder, Ticket
from .faults import Faults
from .server import TOKEN, Emulator

__all__ = ["TOKEN", "Company", "Emulator", "Faults", "Item", "SalesOrder", "Ticket"]
