"""Facts: derived rows that metrics read, kept equal to what the records say."""

from typing import TYPE_CHECKING, Any

from .basis import pending

if TYPE_CHECKING:
    from .refreshing import Refreshed, refresh
    from .shadowing import shadow, unshadow

__all__ = ["Refreshed", "pending", "refresh", "shadow", "unshadow"]


def __getattr__(name: str) -> Any:
    """Import what builds facts only where facts are built: a question just asks whether any are pending."""
    if name in ("Refreshed", "refresh"):
        from . import refreshing

        return getattr(refreshing, name)
    if name in ("shadow", "unshadow"):
        from . import shadowing

        return getattr(shadowing, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
