"""Money: amounts as whole minor units, with the digits after the point that each currency has."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

USUAL_DIGITS = 2
"""What a currency has that isn't listed: nearly all have hundredths."""
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
_LONGEST = 20  # digits before the point; a table holds integers below 2^63


def minor_digits(currency: str) -> int:
    """Return how many digits after the point a currency has (ISO 4217, in any case); 2 if it isn't listed."""
    return _DIGITS.get(currency.upper(), USUAL_DIGITS)


def minor_units(amount: object, currency: str) -> int:
    """Return an amount in major units (12.5, "12.50", Decimal) as minor ones: 1250 for EUR, 12 for JPY.

    A float counts as it is written (19.99 is 19.99, not 19.989999…); a fraction of a minor unit is rounded
    half to even. Raises ValueError for what is no amount: other types, texts with more than a number.
    """
    return int(_decimal(amount).scaleb(minor_digits(currency)).to_integral_value(ROUND_HALF_EVEN))


def major_units(minor: int, currency: str) -> Decimal:
    """Return an amount in minor units as major ones: 1250 of EUR is 12.50."""
    return Decimal(minor).scaleb(-minor_digits(currency))


def _decimal(amount: object) -> Decimal:
    if isinstance(amount, bool) or not isinstance(amount, int | float | str | Decimal):
        raise ValueError(f"{amount!r} is no amount")
    try:
        found = Decimal(str(amount) if isinstance(amount, float) else amount)
    except InvalidOperation:
        raise ValueError(f"{amount!r} is no amount") from None
    if not found.is_finite() or found.adjusted() >= _LONGEST:
        raise ValueError(f"{amount!r} is no amount")
    return found
