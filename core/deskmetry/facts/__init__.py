"""Facts: derived rows that metrics read, kept equal to what the records say."""

from .refresh import Refreshed, pending, refresh
from .shadow import shadow, unshadow

__all__ = ["Refreshed", "pending", "refresh", "shadow", "unshadow"]
