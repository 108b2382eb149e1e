"""Address: a setting that says where an account is, checked as credentials are bound to it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from ..errors import ConfigurationError
from ..http.origin import Origin


def source_address(value: str) -> str:
    """Return an address without a slash at its end; https, or http to this machine.

    Raises ValueError, as a validator of a setting must, that says what is wrong with it.
    """
    try:
        return Origin.parse(value.strip()).base
    except ConfigurationError as error:
        raise ValueError(str(error)) from None


Address = Annotated[str, AfterValidator(source_address)]
"""The type of a field `url` with a default, or with more to it than `HttpUrl` knows."""
