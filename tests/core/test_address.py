"""A setting that says where an account is: kept as credentials are bound to it, refused in its own words."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from deskmetry.connector import Address


class Settings(BaseModel):
    url: Address = "https://api.acme.example/v1"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (" https://api.acme.example/v1/ ", "https://api.acme.example/v1"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_an_address_is_kept_without_what_surrounds_it(given: str, kept: str) -> None:
    assert Settings(url=given).url == kept


@pytest.mark.parametrize("given", ["http://api.acme.example", "acme", "https://api.acme.example/?a=1", ""])
def test_what_credentials_may_not_be_sent_to_is_refused(given: str) -> None:
    with pytest.raises(ValidationError, match="address"):
        Settings(url=given)
