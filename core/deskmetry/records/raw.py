"""RawRecord: what a vendor sent that the common schema has no place for yet, kept as it came."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from .base import Json, Record, Text


class RawRecord(Record):
    """An object of an unknown kind, or the unknown fields of a known one."""

    table: ClassVar[str] = "raw_records"

    stream: Text = Field(description="Stream it came with")
    kind: Text = Field(description="What it is, in the vendor's words")
    raw: Json = Field(description="The object as it came, as JSON")
