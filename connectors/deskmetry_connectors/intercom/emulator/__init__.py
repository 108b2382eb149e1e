"""Emulator: an Intercom workspace on this machine, over HTTP, that behaves as the documentation says."""

from .api import TOKEN
from .company import WORKSPACE, Company
from .data import Contact, Conversation, Part
from .faults import Faults
from .server import Emulator

__all__ = ["TOKEN", "WORKSPACE", "Company", "Contact", "Conversation", "Emulator", "Faults", "Part"]
