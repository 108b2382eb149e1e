"""Connector: what an author of a connector writes against."""

from .address import Address, source_address
from .base import Connector
from .capabilities import Capabilities
from .context import Context
from .cursor import Cursor
from .inventory import Inventory, Tally
from .mail_rules import MailRules
from .mappers import Mapper
from .page import Page, Rejected, Whole
from .stream import StreamInfo, stream

__all__ = [
    "Address",
    "Capabilities",
    "Connector",
    "Context",
    "Cursor",
    "Inventory",
    "MailRules",
    "Mapper",
    "Page",
    "Rejected",
    "StreamInfo",
    "Tally",
    "Whole",
    "source_address",
    "stream",
]
