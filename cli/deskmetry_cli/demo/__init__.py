"""Demo: a made-up company with two mailboxes and a helpdesk, generated from a seed."""

from .company import DemoCompany, Truth
from .workspace import build

__all__ = ["DemoCompany", "Truth", "build"]
