"""HTTP: the only way out of a connector; authentication, retries, limits and guards live here."""

from .answer import Answer
from .client import HttpClient
from .paging import Batch
from .policy import Policy

__all__ = ["Answer", "Batch", "HttpClient", "Policy"]
