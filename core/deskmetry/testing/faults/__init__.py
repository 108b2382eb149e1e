"""Faults: everything that is known to go wrong between a connector and a helpdesk, to be played on demand."""

from .cases import FAULTS, Case, faults_table
from .data import (
    BadRecord,
    ChangedType,
    DeepNesting,
    FarFuture,
    HugeInteger,
    HugeText,
    LoneSurrogate,
    NewestFirst,
    NewField,
    NulText,
)
from .links import EmptyPages, ForeignLink, ForeignRedirect, LinkToItself, RepeatedPage
from .player import Fault, Faults, Play, Visit
from .transport import (
    CutJson,
    EmptyBody,
    Forbidden,
    HtmlPage,
    NoRecords,
    RateLimited,
    Reset,
    ServerError,
    ShortBody,
    SlowDrip,
    TokenExpired,
    TooBig,
    WrongType,
)

__all__ = [
    "FAULTS", "BadRecord", "Case", "ChangedType", "CutJson",
    "DeepNesting", "EmptyBody", "EmptyPages", "FarFuture", "Fault", "Faults",
    "Forbidden", "ForeignLink", "ForeignRedirect", "HtmlPage", "HugeInteger", "HugeText", "LinkToItself",
    "LoneSurrogate", "NewField", "NewestFirst", "NoRecords", "NulText", "Play", "RateLimited",
    "RepeatedPage", "Reset", "ServerError", "ShortBody", "SlowDrip", "TokenExpired", "TooBig", "Visit",
    "WrongType", "faults_table",
]  # fmt: skip
