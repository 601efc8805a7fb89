"""What every template here uses to show an invoice."""

from decimal import Decimal
from typing import Any

from invoices.handlers import Handlers, client_of, technician_of, unreachable
from shared import money
from shared.language import locale


def words(handlers: Handlers) -> dict[str, Any]:
    return {
        "today": handlers.today(),
        "client_of": client_of,
        "technician_of": technician_of,
        "unreachable": unreachable,
        "figure": figure,
    }


def figure(amount: Decimal, currency: str) -> str:
    """An amount without its currency, as the reader writes it."""
    return money.figure(amount, currency, locale())


def numbered(text: str) -> int | None:
    """A number of an invoice or a task, with or without its #."""
    text = text.strip().removeprefix("#")
    return int(text) if text.isdecimal() and len(text) < 16 else None
