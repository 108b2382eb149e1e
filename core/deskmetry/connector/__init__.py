"""Connector: what an author of a connector writes against."""

from .base import Connector
from .capabilities import Capabilities
from .context import Context
from .cursor import Cursor
from .mail_rules import MailRules
from .page import Page, Rejected
from .stream import StreamInfo, stream

__all__ = [
    "Capabilities",
    "Connector",
    "Context",
    "Cursor",
    "MailRules",
    "Page",
    "Rejected",
    "StreamInfo",
    "stream",
]
