"""Money: decimal amounts as whole minor units, of which a fraction is most likely a mistake."""

from __future__ import annotations

import re
from decimal import Decimal

from deskmetry.records import major_units, minor_digits, minor_units

from .errors import BadRow

CURRENCY = re.compile(r"[A-Z]{3}")


def whole_units(amount: Decimal, currency: str, *, rounded: bool = False) -> int:
    """Return an amount of a currency (ISO 4217) in minor units.

    One with a fraction of a minor unit is rounded half to even if asked for, else refused with BadRow.
    """
    found = minor_units(amount, currency)
    if not rounded and major_units(found, currency) != amount:
        raise BadRow(
            f"{amount} {currency} has a fraction of a minor unit ({currency} has {minor_digits(currency)} "
            "digits after the point); `round = true` at the column rounds it"
        )
    return found
