"""Who may still change the team, at the moment in which the change is written down. Pure rules, as `domain` has them.

A request is let in by its session's role, and may wait a while before it is carried out; in the meantime its owner may
have been disabled, or have become something else. The team is one stream, so what it says then is the truth.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from notifier.domain import Team, TeamCommand, decide_team
from shared.contract.admin import AdminEvent, Role
from shared.language import _
from shared.refusal import Refused, Why


def asked_by(
    actor: str, found: Mapping[str, Any] | None = None
) -> Callable[[TeamCommand, Team], list[AdminEvent]]:
    """`decide_team` for somebody who was an owner when they asked.

    found  fields of the command that nobody asked for, such as the time: they differ when the same is asked again
    """

    def decide(command: TeamCommand, team: Team) -> list[AdminEvent]:
        if not is_owner(actor, team):
            raise Refused(_("You are no longer an owner, so nothing was changed."), Why.FORBIDDEN)
        return decide_team(replace(command, **(found or {})), team)

    return decide


def is_owner(actor: str, team: Team) -> bool:
    """The terminal of whoever runs the installation always is one."""
    kind, _colon, name = actor.partition(":")
    match kind:
        case "admin":
            member = team.members.get(name)
            return member is not None and member.enabled and member.role is Role.OWNER
        case "token":
            token = team.tokens.get(name)
            return token is not None and token.role is Role.OWNER
        case _:
            return kind == "service"
