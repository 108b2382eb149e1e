"""Connectors that ship with Deskmetry: each is a package, and that package is its plugin."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

_PLUGINS = ("edesk", "imap", "intercom", "livechat", "mailbox", "table", "surveymonkey", "zendesk")


def __getattr__(name: str) -> ModuleType:
    """Import a connector's package when its entry point asks for it.

    An object of the same name here would be replaced as soon as somebody imports the package.
    """
    if name in _PLUGINS:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
