"""Record: one normalised row of the common schema, and the types its fields are made of."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    WrapValidator,
)
from pydantic import ValidatorFunctionWrapHandler as Handler
from pydantic_core import CoreSchema, core_schema

# The written rules of what a value may be; docs/schema.md repeats them.
MAX_TEXT = 1_000_000  # characters; longer texts are cut, `messages.length` keeps the full length
MAX_DEPTH = 64  # levels of nesting in a JSON value
MAX_INTEGER = 2**63 - 1
_NUMBER = re.compile(r"\s*[-+]?[0-9._]+(e[-+]?[0-9]+)?\s*", re.IGNORECASE)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_MAPPINGS = (dict, Mapping)  # the first is asked first, and the second is slow
_NO_ID = "an id must be a non-empty text or an integer"


@dataclass(frozen=True)
class Reference:
    """The field holds the id of a row in that table, of the same source."""

    table: str


@dataclass(frozen=True)
class Sticky:
    """Once set, the field stays set, in whatever order the copies of a record arrive.

    Of several values the smallest stays: the earliest tombstone. `deleted_at` beside an `updated_at` holds
    until a newer copy without it was changed after the deletion: the row was restored.
    """


@dataclass(frozen=True)
class Derived:
    """The field may be filled by a later stage; a copy that leaves it empty doesn't blank it."""


def clean_text(value: object) -> object:
    """Replace NUL bytes and lone surrogates by U+FFFD and cut at `MAX_TEXT` characters."""
    if not isinstance(value, str):
        return value
    # Both looks are far cheaper than a search by expression, and most texts are done with the first.
    if (not value.isascii() or "\0" in value) and _UNSTORABLE.search(value):
        value = _UNSTORABLE.sub("\ufffd", value)
    return value if len(value) <= MAX_TEXT else value[:MAX_TEXT]


def bare_message_id(value: object) -> object:
    """Return a Message-ID without the angle brackets and blanks that it may have been written with."""
    if not isinstance(value, str):
        return value
    return clean_text("".join(value.split()).removeprefix("<").removesuffix(">"))


def to_id(value: object) -> object:
    """Take the vendor's id as text: integers are written out, nothing and booleans are refused."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        cleaned = clean_text(value.strip())
        if cleaned:
            return cleaned
    raise ValueError(_NO_ID)


def to_reference(value: object) -> object:
    """As `to_id`, but nothing (None or a blank text) means that there is no such row."""
    return None if value is None or (isinstance(value, str) and not value.strip()) else to_id(value)


def refuse_number(value: object) -> object:
    """Refuse numbers as instants or days: what they count would be a guess (`from_epoch` says it)."""
    if not isinstance(value, str | date) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise ValueError("must be an aware datetime (for a day: a date) or ISO text, not a number")
    return value


def to_utc(value: datetime) -> datetime:
    """Bring an aware datetime to UTC."""
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("an instant must lie in the years 1 to 9999 in UTC") from None


def to_instant(value: object, validate: Handler) -> object:
    """Take an aware datetime or ISO text, in UTC; most are in UTC already and need nothing more."""
    if type(value) is datetime and value.tzinfo is UTC:
        return value
    return to_utc(validate(refuse_number(value)))


def check_json(value: object, depth: int = 0) -> object:
    """Make a JSON value storable: texts cleaned, NaN and infinities as null, integers over 64 bits as text.

    What nests deeper than `MAX_DEPTH`, or isn't JSON at all, is refused.
    """
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    kind = type(value)
    if kind is bool or value is None:
        return value
    if kind is int and -MAX_INTEGER <= value <= MAX_INTEGER:  # type: ignore[operator]
        return value
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, _MAPPINGS):
        return {str(clean_text(str(key))): check_json(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [check_json(item, depth + 1) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return value if -MAX_INTEGER - 1 <= value <= MAX_INTEGER else str(value)
    raise ValueError(f"{kind.__name__} isn't a JSON value")


@dataclass(frozen=True, eq=False)
class _Checked:
    """How a text is checked: values that match a pattern by pydantic alone, only others by a function.

    A call of Python for each field would cost more than all the rest of making a record. `error` is what
    pydantic says, and why, where neither takes a value.
    """

    patterns: tuple[core_schema.StringSchema, ...]
    function: Callable[[object], object]
    error: str
    why: str | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        slow = core_schema.no_info_before_validator_function(self.function, handler(source))
        either = core_schema.union_schema(
            [*self.patterns, slow],
            mode="left_to_right",
            custom_error_type=self.error,
            custom_error_context=None if self.why is None else {"error": self.why},
        )
        return core_schema.nullable_schema(either) if source == str | None else either


# Of what is coerced only integers look like one. Short texts alone: a pattern walks slowly over a long one.
_DIGITS = core_schema.str_schema(coerce_numbers_to_str=True, pattern=r"\A-?[0-9]{1,40}\z")
_WORD = core_schema.str_schema(strict=True, max_length=100, pattern=r"\A[!-~]+\z")
_BARE = core_schema.str_schema(strict=True, max_length=200, pattern=r"\A[!-;=?-~]+\z")
_LINE = core_schema.str_schema(strict=True, max_length=100, pattern=r"\A[^\x00]*\z")

Id = Annotated[str, _Checked((_DIGITS, _WORD), to_id, "value_error", _NO_ID)]
OptionalId = Annotated[str | None, _Checked((_DIGITS, _WORD), to_reference, "value_error", _NO_ID)]
Text = Annotated[str, _Checked((_LINE,), clean_text, "string_type")]
MessageId = Annotated[str, _Checked((_BARE,), bare_message_id, "string_type")]
Day = Annotated[date, BeforeValidator(refuse_number)]
Instant = Annotated[AwareDatetime, WrapValidator(to_instant)]
Integer = Annotated[int, Field(ge=-MAX_INTEGER - 1, le=MAX_INTEGER)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Json = Annotated[dict[str, Any], BeforeValidator(check_json)]
JsonList = Annotated[list[Any], BeforeValidator(check_json)]


class Record(BaseModel):
    """One normalised row: an id unique within its source, and an optional version that orders its copies.

    A copy with a lower `version` never overwrites one with a higher; without versions the later copy wins.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    table: ClassVar[str]
    blanked_by: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    id: Id = Field(description="The vendor's id, as text; unique within the source")
    version: Integer | None = Field(None, description="The vendor's order key: a higher one is newer")


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)


def to_json(value: object) -> str:
    """Write a JSON value as compact text with sorted keys, so that equal values are equal texts."""
    return _ENCODER.encode(value)
