"""Emulator: a LiveChat account on this machine, over HTTP, that behaves as the documentation says."""

from .api import ACCOUNT, PAT, TOKEN
from .company import Company, Thread
from .faults import Faults
from .server import Emulator

__all__ = ["ACCOUNT", "PAT", "TOKEN", "Company", "Emulator", "Faults", "Thread"]
