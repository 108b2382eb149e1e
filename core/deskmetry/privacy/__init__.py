"""Privacy: people who were erased stay away, and sources give no more than the settings allow."""

from .apply import apply, stale
from .erase import Erasing, erase, plan
from .files import beside
from .filter import Filter
from .ignored import with_stand_ins
from .key import Key
from .proof import Found, search

__all__ = [
    "Erasing",
    "Filter",
    "Found",
    "Key",
    "apply",
    "beside",
    "erase",
    "plan",
    "search",
    "stale",
    "with_stand_ins",
]
