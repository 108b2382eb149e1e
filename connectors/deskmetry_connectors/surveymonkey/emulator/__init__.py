"""Emulator: a SurveyMonkey account on this machine, over HTTP, that behaves as the documentation says."""

from .company import Company, Message, Response
from .server import TOKEN, Emulator, Faults

__all__ = ["TOKEN", "Company", "Emulator", "Faults", "Message", "Response"]
