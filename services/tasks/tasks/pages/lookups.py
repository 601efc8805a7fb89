"""Whom a typed name means."""

from collections.abc import Mapping

from shared.language import _
from shared.refusal import Refused, Why
from shared.web import Request, command_id
from tasks import views
from tasks.handlers import Handlers
from tasks.handlers.filters import CHOSEN, number_in

from .typed import CONTACT


async def chosen_client(handlers: Handlers, typed: str) -> int | None:
    """The client that was looked up; None for a name that is only typed, be it `Flat #12`."""
    found = CHOSEN.fullmatch(typed)
    client = await views.client(handlers.pool, number_in(found[2])) if found else None
    return client.id if client and found and client.name == found[1] else None


async def namesake(handlers: Handlers, request: Request, typed: Mapping[str, str]) -> int | None:
    """The known client of exactly this name, where nothing says that another one is meant."""
    if await handlers.journal.answered(command_id(request)):
        return None  # the same form again: what it added is no namesake
    name = typed.get("client", "").strip()
    known = await views.clients_called(handlers.pool, name)
    more = any(typed.get(field, "").strip() for field in CONTACT)
    if not known or (len(known) == 1 and not more):
        return known[0] if known else None
    sentence = _(
        "This name is known. Choose %(known)s from the list, or tell a new client apart by the name.",
        known=", ".join(f"“{name} #{number}”" for number in known[:3]),
    )
    raise Refused(sentence, Why.INVALID, {"client": sentence})
