"""What others hear of admins, their sessions and API tokens. No password or token is in it."""

from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from .event import Event


class Role(StrEnum):
    OWNER = "owner"
    DISPATCHER = "dispatcher"
    VIEWER = "viewer"

    def covers(self, needed: "Role") -> bool:
        """An owner can do all that a dispatcher can, and a dispatcher all that a viewer can."""
        ranks = list(Role)
        return ranks.index(self) <= ranks.index(needed)


class AdminAdded(Event):
    login: str
    name: str
    role: Role


class AdminRoleChanged(Event):
    login: str
    role: Role


class AdminPasswordChanged(Event):
    login: str


class AdminDisabled(Event):
    login: str


class AdminEnabled(Event):
    login: str


class AdminLoggedIn(Event):
    login: str


class AdminLoggedOut(Event):
    login: str


class ApiTokenCreated(Event):
    """
    maker    who made it, as an actor; empty in events of before
    expires  when it ends by itself, where it does
    """

    name: str
    role: Role
    maker: str = ""
    expires: datetime | None = None


class ApiTokenRevoked(Event):
    name: str


AdminEvent: TypeAlias = (
    AdminAdded
    | AdminRoleChanged
    | AdminPasswordChanged
    | AdminDisabled
    | AdminEnabled
    | AdminLoggedIn
    | AdminLoggedOut
    | ApiTokenCreated
    | ApiTokenRevoked
)
