"""Plugin: errors after which one plugin, or one metric of it, is left out and everybody else goes on."""

from __future__ import annotations

from .base import DeskmetryError, ExitCode


class PluginError(DeskmetryError):
    """A plugin can't be used; everybody else goes on."""

    exit_code = ExitCode.PLUGIN
    code = "plugin"

    def __init__(self, plugin: str, reason: str) -> None:
        super().__init__(
            f"Plugin {plugin!r} is left out: {reason}",
            "`deskmetry plugins` shows its distribution; DESKMETRY_DISABLE_PLUGINS turns it off.",
            plugin=plugin,
            reason=reason,
        )


class PluginFileError(PluginError):
    """A file named with `--plugin` can't be used; nothing goes on, since it was asked for by name."""

    code = "plugin_file"

    def __init__(self, file: object, reason: str) -> None:
        DeskmetryError.__init__(
            self,
            f"The plugin file {file} can't be used: {reason}.",
            "Mend it, or leave out its `--plugin`.",
            file=str(file),
            reason=reason,
        )


class MetricError(DeskmetryError):
    """A metric can't be computed as it is declared; the others go on."""

    code = "metric"


class QueryRefused(MetricError):
    """SQL that would do more than read."""

    exit_code = ExitCode.USAGE
    code = "query_refused"
