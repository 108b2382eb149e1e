"""Demo: a made-up company's support mailbox, generated from a seed."""

from .company import DemoCompany, Truth
from .workspace import build

__all__ = ["DemoCompany", "Truth", "build"]
