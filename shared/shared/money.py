"""Money: which currencies are in use, and how people read an amount, with the digits of ISO 4217."""

import re
from decimal import Decimal
from functools import cache

from babel import Locale
from babel.core import get_global
from babel.numbers import format_currency, format_decimal, get_currency_symbol, get_territory_currencies

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


@cache
def currencies() -> frozenset[str]:
    """ISO 4217 codes of the money in use today (from CLDR); not gold, not the Deutschmark."""
    return frozenset(
        code
        for territory in get_global("territory_currencies")
        for code in get_territory_currencies(territory, tender=True)
    )


def money(amount: Decimal, currency: str, locale: Locale | str = ENGLISH) -> str:
    """`€1,250.00`, `¥1,250`, `KWD 1.250`, `1.250,00 €`: where the locale has its sign, with the digits of ISO 4217."""
    pattern = _pattern(str(locale), _fraction(currency), get_currency_symbol(currency, locale)[-1].isalpha())
    return format_currency(amount, currency, format=pattern, locale=locale, currency_digits=False)


def figure(amount: Decimal, currency: str, locale: Locale | str = ENGLISH) -> str:
    """An amount without its currency: `1,250.00`, and `0.0375` where a price is finer than the money."""
    more = "#" * (6 - minor_unit(currency))
    return format_decimal(amount, format=f"#,##0{_fraction(currency) or '.'}{more}", locale=locale)


@cache
def _pattern(locale: str, fraction: str, spelled: bool) -> str:
    """The locale's own, with these digits after the point; letters (`spelled`) stand apart from the number."""
    own = Locale.parse(locale).currency_formats["standard"].pattern
    pattern = re.sub(r"(?<=0)\.0+", fraction, own)
    return re.sub(r"¤(?=[#0])", f"¤{NO_BREAK}", pattern) if spelled else pattern


def _fraction(currency: str) -> str:
    digits = minor_unit(currency)
    return "." + "0" * digits if digits else ""
