"""Tasks and clients as HTML. Plain forms; scripts only make them live."""

from typing import Any

from tasks.handlers import Handlers

from . import clients, keeping, lists, new, task


def routes(handlers: Handlers) -> list[Any]:
    return [
        *lists.routes(handlers),
        *new.routes(handlers),
        *task.routes(handlers),
        *keeping.routes(handlers),
        *clients.routes(handlers),
    ]
