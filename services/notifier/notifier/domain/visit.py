"""A session: one stream for each, so that logging in stays quick."""

from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from shared.contract.admin import AdminEvent, AdminLoggedIn, AdminLoggedOut
from shared.journal import Decider
from shared.language import _
from shared.refusal import Refused


class Visit(Struct, frozen=True):
    login: str | None = None
    over: bool = False


class LogIn(Struct, frozen=True):
    login: str


class LogOut(Struct, frozen=True):
    pass


VisitCommand: TypeAlias = LogIn | LogOut


def decide_visit(command: VisitCommand, visit: Visit) -> list[AdminEvent]:
    match command, visit:
        case LogIn(login), Visit(login=None):
            return [AdminLoggedIn(login)]
        case LogOut(), Visit(login=str(login), over=False):
            return [AdminLoggedOut(login)]
        case LogOut(), _:
            return []
        case _:
            raise Refused(_("This session has begun already."))


def evolve_visit(visit: Visit, event: AdminEvent) -> Visit:
    match event:
        case AdminLoggedIn(login=login):
            return Visit(login)
        case AdminLoggedOut():
            return replace(visit, over=True)
        case _:
            return visit


VISIT: Decider[VisitCommand, Visit, AdminEvent] = Decider(
    "admin", Visit(), decide_visit, evolve_visit, AdminEvent
)
