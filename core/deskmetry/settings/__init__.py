"""Settings: the configuration file, where each value comes from, and the connectors built from it."""

from .build import build_source
from .explain import explain
from .find import find, user_file
from .model import FILE_NAME, KEYS, Privacy, Settings, SourceSettings
from .people import People
from .read import load
from .write import local_timezone, source_text, write_new

__all__ = [
    "FILE_NAME",
    "KEYS",
    "People",
    "Privacy",
    "Settings",
    "SourceSettings",
    "build_source",
    "explain",
    "find",
    "load",
    "local_timezone",
    "source_text",
    "user_file",
    "write_new",
]
