"""Money: decimal amounts as whole minor units, with the digits that each currency has."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal

from .errors import BadRow

# ISO 4217: currencies whose minor unit isn't a hundredth.
_DIGITS = {
    **dict.fromkeys(
        (
            "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV",
            "XAF", "XOF", "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}  # fmt: skip
CURRENCY = re.compile(r"[A-Z]{3}")


def minor_units(amount: Decimal, currency: str, *, rounded: bool = False) -> int:
    """Return an amount of a currency (ISO 4217) in minor units.

    One with a fraction of a minor unit is rounded half to even if asked for, else refused with BadRow.
    """
    digits = _DIGITS.get(currency, 2)
    scaled = amount.scaleb(digits)
    whole = scaled.to_integral_value(ROUND_HALF_EVEN)
    if whole != scaled and not rounded:
        raise BadRow(
            f"{amount} {currency} has a fraction of a minor unit ({currency} has {digits} digits after the "
            "point); `round = true` at the column rounds it"
        )
    return int(whole)
