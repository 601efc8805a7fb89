"""Money as people read it, with the digits of ISO 4217."""

from decimal import Decimal

from babel import Locale
from babel.numbers import format_decimal, get_currency_symbol

NO_BREAK = "\N{NO-BREAK SPACE}"
ENGLISH = "en"

WHOLE = {
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "UYI",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
}
THOUSANDTHS = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}
"""ISO 4217's digits after the point, where they are not two. Babel's follow what people hand over in
shops (CLDR), so it has none for the Serbian dinar or the Iraqi one."""


def minor_unit(currency: str) -> int:
    """Digits after the point: 2 for EUR, 0 for JPY, 3 for KWD."""
    return 0 if currency in WHOLE else 3 if currency in THOUSANDTHS else 2


def money(amount: Decimal, currency: str, locale: Locale | str = ENGLISH) -> str:
    """`€1,250.00`, `¥1,250`, `KWD 1.250`: with the digits of ISO 4217."""
    symbol = get_currency_symbol(currency, locale)
    return f"{symbol}{NO_BREAK if symbol[-1].isalpha() else ''}{figure(amount, currency, locale)}"


def figure(amount: Decimal, currency: str, locale: Locale | str = ENGLISH) -> str:
    """An amount without its currency: `1,250.00`, and `0.0375` where a price is finer than the money."""
    more = "#" * (6 - minor_unit(currency))
    return format_decimal(amount, format=f"#,##0{_fraction(currency) or '.'}{more}", locale=locale)


def _fraction(currency: str) -> str:
    digits = minor_unit(currency)
    return "." + "0" * digits if digits else ""
