"""Threads: how the mails of an inbox, that has no tickets, become tickets."""

from .assembly import assemble
from .mail import Mail, Thread
from .stage import ThreadReport, refresh
from .ticket import ticket_of

__all__ = ["Mail", "Thread", "ThreadReport", "assemble", "refresh", "ticket_of"]
