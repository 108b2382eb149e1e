"""Loader: loads each plugin in its own guard, and checks that it fits.

pluggy's own loading of entry points isn't used: there, one broken plugin stops the program.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from pluggy import PluginManager, PluginValidationError

from ..errors import PluginFileError, nearest
from . import spec
from .find import Candidate, find, in_file, normalized
from .guard import Failure, Identity, Origin, Stage, UnfitError, guarded


@dataclass(frozen=True, slots=True)
class Plugin:
    """One loaded plugin, with a manager of its own, so that a result is always known to be its."""

    identity: Identity
    manager: PluginManager
    hooks: tuple[str, ...]
    metric_names: frozenset[str] = frozenset()
    """What it says beforehand that it will bring, if it does."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which plugins to load, by the name of the plugin or of its distribution.

    only: nothing but these, if not empty; disabled: all but these; built_in_only: nothing from outside.
    """

    only: frozenset[str] = frozenset()
    disabled: frozenset[str] = frozenset()
    built_in_only: bool = False

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], *, built_in_only: bool = False) -> Selection:
        """Read DESKMETRY_PLUGINS and DESKMETRY_DISABLE_PLUGINS; an empty one counts as not set."""
        only, disabled = (
            frozenset(normalized(name) for name in environ.get(key, "").split(",") if name.strip())
            for key in ("DESKMETRY_PLUGINS", "DESKMETRY_DISABLE_PLUGINS")
        )
        return cls(only, disabled, built_in_only)

    def takes(self, plugin: Identity) -> bool:
        """Say whether a plugin is to be loaded."""
        names = _names(plugin)
        if self.built_in_only and plugin.origin is not Origin.BUILT_IN:
            return False
        return not names & self.disabled and (not self.only or bool(names & self.only))


def load_plugins(
    files: Sequence[Path], folder: Path | None, selection: Selection, report: Callable[[Failure], None]
) -> tuple[Plugin, ...]:
    """Load what is installed, what lies in the folder, and the files that were named.

    A named file is loaded whatever the selection says, and a PluginFileError if it is missing or broken;
    any other failure is reported and the rest goes on.
    """
    named = list(dict.fromkeys(path.absolute() for path in files))
    found = [candidate for candidate in find(folder, report) if Path(candidate.identity.place) not in named]
    loaded: dict[str, Plugin] = {}
    for candidate in found:
        if selection.takes(candidate.identity):
            _load(candidate, loaded, report)
    known = {name for candidate in found for name in _names(candidate.identity)}
    for name in sorted(selection.only - known):
        missing = Identity(name, None, None, Origin.INSTALLED, "DESKMETRY_PLUGINS")
        report(Failure(missing, Stage.FIND, f"there is no such plugin.{nearest(name, known)}"))
    for path in named:
        _load_named(path, loaded)
    return tuple(loaded.values())


def check(identity: Identity, plugin: object) -> Plugin:
    """Check version and hooks of a loaded module or object; UnfitError with the reason if it doesn't fit."""
    _check_version(plugin)
    manager = PluginManager("deskmetry")
    manager.add_hookspecs(spec)
    known = hook_names(manager)
    try:
        manager.register(plugin, identity.name)
    except PluginValidationError as error:
        # pluggy tells who, which hook, what was defined and what is wrong, a line each.
        raise UnfitError(", ".join(str(error).splitlines()[1:])) from None
    hooks = tuple(sorted(caller.name for caller in manager.get_hookcallers(plugin) or ()))
    for name in hooks:
        if name not in known:
            raise UnfitError(f"there is no hook {name!r}.{nearest(name, known)} Hooks: {', '.join(known)}")
    if not hooks:
        raise UnfitError("it has no hooks: mark its functions with `@hookimpl`")
    return Plugin(identity, manager, hooks, frozenset(getattr(plugin, "metric_names", ())))


def hook_names(manager: PluginManager) -> tuple[str, ...]:
    """Return the names of the hooks that a manager knows."""
    return tuple(name for name in vars(manager.hook) if not name.startswith("_"))


def _load(candidate: Candidate, loaded: dict[str, Plugin], report: Callable[[Failure], None]) -> None:
    plugin = candidate.identity
    with guarded(plugin, Stage.LOAD, report):
        if plugin.name in loaded:
            raise UnfitError(f"the name {plugin.name!r} is taken by {loaded[plugin.name].identity}")
        # What a plugin prints while it is imported must not end up in data on stdout.
        with redirect_stdout(sys.stderr):
            module = candidate.load()
        with guarded(plugin, Stage.CHECK, report):
            loaded[plugin.name] = check(plugin, module)


def _load_named(path: Path, loaded: dict[str, Plugin]) -> None:
    if not path.is_file():
        raise PluginFileError(path, "it is a folder" if path.is_dir() else "there is no such file")
    failures: list[Failure] = []
    _load(in_file(path), loaded, failures.append)
    if failures:
        raise PluginFileError(path, failures[0].reason)


def _check_version(plugin: object) -> None:
    home = sys.modules.get(getattr(plugin, "__module__", ""))  # an object declares it in its module
    key = "DESKMETRY_API_VERSION"
    declared = getattr(plugin, key, getattr(home, key, spec.API_VERSION))
    if declared != spec.API_VERSION:
        newer = isinstance(declared, int) and declared > spec.API_VERSION
        raise UnfitError(
            f"it is written for version {declared!r} of the plugin API, this is {spec.API_VERSION}: "
            f"upgrade {'Deskmetry' if newer else 'the plugin'}"
        )


def _names(plugin: Identity) -> frozenset[str]:
    return frozenset(normalized(name) for name in (plugin.name, plugin.distribution) if name)
