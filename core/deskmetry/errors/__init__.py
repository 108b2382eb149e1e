"""Errors, grouped by what happens next; each builds its own message from data and ends with what to do."""

from .base import DeskmetryError, ExitCode, nearest
from .configuration import (
    BadSetting,
    BadSyntax,
    ConfigurationError,
    NoConfiguration,
    SecretMissing,
    UnknownConnector,
    UnknownSource,
)
from .plugin import MetricError, PluginError, PluginFileError, QueryRefused
from .source import (
    AuthenticationFailed,
    BadResponse,
    CursorRefused,
    Interrupted,
    PermissionMissing,
    RecordError,
    SourceError,
    StreamSkipped,
    StuckStream,
    TooManyBadRecords,
    TryLater,
    Unreachable,
)
from .store import Corrupt, DiskFull, Locked, NewerSchema, NoDatabase, ReadOnly, StoreError
from .usage import BadValue, FolderTaken, UnknownName, UsageError

__all__ = [
    "AuthenticationFailed",
    "BadResponse",
    "BadSetting",
    "BadSyntax",
    "BadValue",
    "ConfigurationError",
    "Corrupt",
    "CursorRefused",
    "DeskmetryError",
    "DiskFull",
    "ExitCode",
    "FolderTaken",
    "Interrupted",
    "Locked",
    "MetricError",
    "NewerSchema",
    "NoConfiguration",
    "NoDatabase",
    "PermissionMissing",
    "PluginError",
    "PluginFileError",
    "QueryRefused",
    "ReadOnly",
    "RecordError",
    "SecretMissing",
    "SourceError",
    "StoreError",
    "StreamSkipped",
    "StuckStream",
    "TooManyBadRecords",
    "TryLater",
    "UnknownConnector",
    "UnknownName",
    "UnknownSource",
    "Unreachable",
    "UsageError",
    "nearest",
]
