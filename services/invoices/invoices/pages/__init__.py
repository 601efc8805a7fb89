"""Invoices as pages: a list, a form that keeps what was typed, a card, and parts of other services' pages."""

from typing import Any

from invoices.handlers import Handlers

from . import card, form, lists


def routes(handlers: Handlers) -> list[Any]:
    return [*lists.routes(handlers), *form.routes(handlers), *card.routes(handlers)]
