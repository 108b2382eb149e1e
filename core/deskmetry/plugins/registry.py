"""Registry: answers which connectors and metrics there are, each with one owner, and calls hooks."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from .guard import Failure, Identity, Origin, Stage, UnfitError, guarded
from .loader import Plugin, Selection, load_plugins
from .spec import API_VERSION

if TYPE_CHECKING:
    from ..connector import Connector
    from ..metric import Metric
    from .check import Check

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One line of `deskmetry plugins`: who brings what, and in `reason` what went wrong, if anything."""

    name: str
    distribution: str | None
    version: str | None
    origin: str
    place: str
    hooks: tuple[str, ...]
    connectors: tuple[str, ...]
    metrics: tuple[str, ...]
    api_version: int
    status: str
    reason: str


class Registry:
    """What the loaded plugins bring. Classes are asked for when they are first needed, and kept."""

    def __init__(self, plugins: Sequence[Plugin], failures: Iterable[Failure] = ()) -> None:
        self.plugins = tuple(plugins)
        self._failures = list(dict.fromkeys(failures))
        self._told = 0
        self._owners: dict[type, Identity] = {}

    @classmethod
    def load(
        cls,
        *,
        files: Sequence[Path] = (),
        folder: Path | None = None,
        built_in_only: bool = False,
        environ: Mapping[str, str] = os.environ,
    ) -> Registry:
        """Load what is installed, what lies in the folder (if there is one), and files named with `--plugin`.

        Raises a PluginFileError for a named file that can't be used; any other failure is data.
        """
        failures: list[Failure] = []
        selection = Selection.from_environment(environ, built_in_only=built_in_only)
        plugins = load_plugins(files, folder, selection, failures.append)
        return cls(plugins, failures)

    # --- what there is -------------------------------------------------------------------------------

    def connectors(self) -> Mapping[str, type[Connector]]:
        """Return the connector classes by name."""
        return self._connectors

    def metrics(self) -> Mapping[str, type[Metric]]:
        """Return the metric classes by name."""
        return self._metrics

    def metric(self, name: str) -> type[Metric] | None:
        """Return one metric by name, None if there is none.

        A group that ships and says beforehand what it brings is imported alone: nobody comes before it.
        """
        if "_metrics" not in vars(self):
            for plugin in self.plugins:
                if plugin.identity.origin is Origin.BUILT_IN and name in plugin.metric_names:
                    return self._collect_metrics([plugin]).get(name)
        return self._metrics.get(name)

    @cached_property
    def _connectors(self) -> Mapping[str, type[Connector]]:
        from ..connector import Connector

        return self._collect("register_connectors", Connector, _check_connector, self.plugins)

    @cached_property
    def _metrics(self) -> Mapping[str, type[Metric]]:
        return self._collect_metrics(self.plugins)

    def _collect_metrics(self, plugins: Sequence[Plugin]) -> Mapping[str, type[Metric]]:
        from ..metric import Metric

        return self._collect("register_metrics", Metric, _check_metric, plugins)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Everything that failed so far."""
        return tuple(self._failures)

    def warnings(self) -> list[str]:
        """Return a line for each failure that wasn't told before, for stderr."""
        new, self._told = self._failures[self._told :], len(self._failures)
        return [str(failure) for failure in new]

    def describe(self) -> list[PluginInfo]:
        """Return what `deskmetry plugins` shows: every plugin, also those that failed."""
        # Asked for first, so that the failures are complete.
        connectors, metrics = self.connectors(), self.metrics()
        hooks = {plugin.identity: plugin.hooks for plugin in self.plugins}
        infos = []
        known = dict.fromkeys([*hooks, *(failure.plugin for failure in self._failures)])
        order = list(Origin)
        for plugin in sorted(known, key=lambda identity: order.index(identity.origin)):
            reasons = [failure.reason for failure in self._failures if failure.plugin == plugin]
            infos.append(
                PluginInfo(
                    name=plugin.name,
                    distribution=plugin.distribution,
                    version=plugin.version,
                    origin=plugin.origin.value,
                    place=plugin.place,
                    hooks=hooks.get(plugin, ()),
                    connectors=self._owned(connectors, plugin),
                    metrics=self._owned(metrics, plugin),
                    api_version=API_VERSION,
                    status="failed" if reasons else "ok",
                    reason="; ".join(reasons),
                )
            )
        return infos

    def _owned(self, classes: Mapping[str, type], plugin: Identity) -> tuple[str, ...]:
        return tuple(name for name, cls in classes.items() if self._owners[cls] == plugin)

    # --- calling hooks -------------------------------------------------------------------------------

    def call(self, hook: str, **arguments: object) -> list[tuple[Identity, Any]]:
        """Call a hook plugin by plugin; one that raises is a failure, and the rest goes on.

        Returns owner and result of each plugin that has the hook and returned something.
        """
        return self._call(self.plugins, hook, **arguments)

    def _call(self, plugins: Sequence[Plugin], hook: str, **arguments: object) -> list[tuple[Identity, Any]]:
        results: list[tuple[Identity, Any]] = []
        for plugin in plugins:
            if hook in plugin.hooks:
                with guarded(plugin.identity, Stage.CALL, self._report):
                    returned = getattr(plugin.manager.hook, hook)(**arguments)
                    results.extend((plugin.identity, result) for result in returned)
        return results

    def doctor_checks(self) -> list[tuple[Identity, Check]]:
        """Return what the plugins' own checks found, each with whose it is; one that fails is a failure."""
        from .check import Check

        found: list[tuple[Identity, Check]] = []
        for owner, result in self.call("doctor_checks"):
            with guarded(owner, Stage.CALL, self._report):
                for item in result:  # a generator runs only here
                    if not isinstance(item, Check):
                        raise UnfitError(f"doctor_checks must return deskmetry.Check, not {item!r}")
                    found.append((owner, item))
        return found

    def _collect(
        self, hook: str, base: type[T], check: Callable[[type[T]], None], plugins: Sequence[Plugin]
    ) -> Mapping[str, type[T]]:
        found: dict[str, type[T]] = {}
        for owner, result in self._call(plugins, hook):
            items: list[object] = []
            with guarded(owner, Stage.CALL, self._report):
                if isinstance(result, type | str) or not isinstance(result, Iterable):
                    raise UnfitError(f"{hook} must return a list of classes, not {result!r}")
                items.extend(result)  # a generator runs only here
            for item in items:
                with guarded(owner, Stage.ITEM, self._report):
                    cls, name = _named(item, base)
                    if (
                        owner.origin is not Origin.BUILT_IN
                    ):  # ours are checked by their tests, not at every start
                        check(cls)
                    if name in found:
                        raise UnfitError(f"the name {name!r} is owned by {self._owners[found[name]]}")
                    found[name] = cls
                    self._owners[cls] = owner
        return MappingProxyType(found)

    def _report(self, failure: Failure) -> None:
        if failure not in self._failures:
            self._failures.append(failure)


def _named(item: object, base: type[T]) -> tuple[type[T], str]:
    if not isinstance(item, type) or not issubclass(item, base):
        raise UnfitError(f"{item!r} is not a subclass of deskmetry.{base.__name__}")
    name = getattr(item, "name", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UnfitError(f"{item.__name__}.name must be a text of a-z, 0-9, _ and -, not {name!r}")
    if not (item.__doc__ or "").strip():
        raise UnfitError(f"{item.__name__} ({name}) needs a docstring: its first line is what users read")
    return item, name


def _check_connector(connector: type[Connector]) -> None:
    bare = ", ".join(name for name, field in connector.model_fields.items() if not field.description)
    if bare:
        raise UnfitError(f"{connector.__name__} ({connector.name}): no Field(description=…) for {bare}")


def _check_metric(metric: type[Metric]) -> None:
    from ..metric.check import faults

    if found := list(faults(metric)):
        raise UnfitError(f"the metric {metric.name!r} {'; '.join(found)}")
