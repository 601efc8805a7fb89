"""Who may log in, what a session goes through, and the site's settings, decided without I/O.

All admins and API tokens are one aggregate, the team: only so can a rule see that somebody is the
last owner. Passwords and secrets are no part of any command or event.
"""

import re
from typing import TypeAlias, assert_never
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.numbers import is_currency
from msgspec import Struct
from msgspec.structs import replace

from shared.contract.admin import (
    AdminAdded,
    AdminDisabled,
    AdminEnabled,
    AdminEvent,
    AdminLoggedIn,
    AdminLoggedOut,
    AdminPasswordChanged,
    AdminRoleChanged,
    ApiTokenCreated,
    ApiTokenRevoked,
    Role,
)
from shared.contract.site import Site, SiteEvent, SiteSettingsChanged
from shared.journal import Decider
from shared.refusal import Refused, Why

TEAM_KEY = "team"
SITE_KEY = "settings"

LOGIN = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
TOKEN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,47}")

# ---- the team


class Member(Struct, frozen=True):
    role: Role
    enabled: bool = True


class Team(Struct, frozen=True):
    """members: login → member; tokens: name → role, without those that are revoked"""

    members: dict[str, Member] = {}
    tokens: dict[str, Role] = {}


class FoundTeam(Struct, frozen=True):
    """The first start: nobody can log in yet."""

    login: str
    name: str


class AddAdmin(Struct, frozen=True):
    login: str
    name: str
    role: Role


class AboutAdmin(Struct, frozen=True):
    """The base of what happens to an admin who is there."""

    login: str


class ChangeRole(AboutAdmin, frozen=True):
    role: Role


class ChangePassword(AboutAdmin, frozen=True):
    pass


class DisableAdmin(AboutAdmin, frozen=True):
    pass


class EnableAdmin(AboutAdmin, frozen=True):
    pass


class CreateToken(Struct, frozen=True):
    name: str
    role: Role


class RevokeToken(Struct, frozen=True):
    name: str


TeamCommand: TypeAlias = (
    FoundTeam
    | AddAdmin
    | ChangeRole
    | ChangePassword
    | DisableAdmin
    | EnableAdmin
    | CreateToken
    | RevokeToken
)


def decide_team(command: TeamCommand, team: Team) -> list[AdminEvent]:
    """Read top to bottom: whatever is not listed is refused."""
    match command:
        case FoundTeam(login, name) if not team.members:
            return [AdminAdded(login, name, Role.OWNER)]
        case FoundTeam():
            raise Refused("There is an owner already.")

        case AddAdmin(login) if not LOGIN.fullmatch(login):
            sentence = (
                "A login has 1 to 32 small letters, digits, “-” or “_”, and begins with a letter or digit."
            )
            raise Refused(sentence, Why.INVALID, {"login": sentence})
        case AddAdmin(_, name) if not 1 <= len(name.strip()) <= 100:
            sentence = "A name has 1 to 100 characters."
            raise Refused(sentence, Why.INVALID, {"name": sentence})
        case AddAdmin(login) if login in team.members:
            sentence = f"There is an admin “{login}” already. Please choose another login."
            raise Refused(sentence, fields={"login": sentence})
        case AddAdmin(login, name, role):
            return [AdminAdded(login, name.strip(), role)]

        case AboutAdmin(login) if login not in team.members:
            raise Refused(f"There is no admin “{login}”.", Why.MISSING)
        case ChangeRole(login, role) if team.members[login].role is role:
            return []
        case ChangeRole(login, role) if role is Role.OWNER or not is_last_owner(login, team):
            return [AdminRoleChanged(login, role)]
        case DisableAdmin(login) if not team.members[login].enabled:
            return []
        case DisableAdmin(login) if not is_last_owner(login, team):
            return [AdminDisabled(login)]
        case ChangeRole() | DisableAdmin():
            raise Refused("This is the last owner. Make somebody else an owner first.")
        case EnableAdmin(login):
            return [] if team.members[login].enabled else [AdminEnabled(login)]
        case ChangePassword(login):
            return [AdminPasswordChanged(login)]

        case CreateToken(name) if not TOKEN_NAME.fullmatch(name):
            sentence = "A token's name has 1 to 48 letters, digits, spaces, “.”, “-” or “_”."
            raise Refused(sentence, Why.INVALID, {"name": sentence})
        case CreateToken(name) if name in team.tokens:
            raise Refused(f"There is a token “{name}” already. Revoke it first, or choose another name.")
        case CreateToken(name, role):
            return [ApiTokenCreated(name, role)]
        case RevokeToken(name) if name in team.tokens:
            return [ApiTokenRevoked(name)]
        case RevokeToken(name):
            raise Refused(f"There is no token “{name}”.", Why.MISSING)
        case AboutAdmin():
            raise Refused("That is not possible.")
        case _ as never:
            assert_never(never)


def evolve_team(team: Team, event: AdminEvent) -> Team:
    match event:
        case AdminAdded(login=login, role=role):
            return replace(team, members={**team.members, login: Member(role)})
        case AdminRoleChanged(login=login, role=role):
            return _member(team, login, replace(team.members[login], role=role))
        case AdminDisabled(login=login):
            return _member(team, login, replace(team.members[login], enabled=False))
        case AdminEnabled(login=login):
            return _member(team, login, replace(team.members[login], enabled=True))
        case ApiTokenCreated(name=name, role=role):
            return replace(team, tokens={**team.tokens, name: role})
        case ApiTokenRevoked(name=name):
            return replace(team, tokens={known: role for known, role in team.tokens.items() if known != name})
        case AdminPasswordChanged() | AdminLoggedIn() | AdminLoggedOut():
            return team
        case _ as never:
            assert_never(never)


def is_last_owner(login: str, team: Team) -> bool:
    owners = {known for known, member in team.members.items() if member.role is Role.OWNER and member.enabled}
    return owners == {login}


def _member(team: Team, login: str, member: Member) -> Team:
    return replace(team, members={**team.members, login: member})


TEAM: Decider[TeamCommand, Team, AdminEvent] = Decider("admin", Team(), decide_team, evolve_team, AdminEvent)

# ---- a session: one stream for each, so that logging in stays quick


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
            raise Refused("This session has begun already.")


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

# ---- the site's settings

LANGUAGES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "ar": "Arabic",
}
"""For dates and money; others are taken too where Babel knows them."""


class ChangeSite(Struct, frozen=True):
    site: Site


def decide_site(command: ChangeSite, site: Site) -> list[SiteEvent]:
    wrong = _wrong(command.site)
    if wrong:
        raise Refused(next(iter(wrong.values())), Why.INVALID, wrong)
    return [] if command.site == site else [SiteSettingsChanged(command.site)]


def evolve_site(_site: Site, event: SiteEvent) -> Site:
    match event:
        case SiteSettingsChanged(site=site):
            return site
        case _ as never:
            assert_never(never)


def _wrong(site: Site) -> dict[str, str]:
    """Field → sentence, for each that can't be used."""
    wrong = {}
    if not 1 <= len(site.company.strip()) <= 100:
        wrong["company"] = "The company's name has 1 to 100 characters."
    if len(site.address) > 500:
        wrong["address"] = "The address has at most 500 characters."
    if len(site.tax_id) > 50:
        wrong["tax_id"] = "The tax id has at most 50 characters."
    if not is_currency(site.currency):
        wrong["currency"] = "The currency is a code of three letters, such as EUR or USD."
    if not _is_zone(site.time_zone):
        wrong["time_zone"] = "The time zone is a name such as Europe/Berlin or Asia/Riyadh."
    if not _is_language(site.language):
        wrong["language"] = "The language is a code such as en, de or ar."
    if not 1 <= site.no_answer_minutes <= 7 * 24 * 60:
        wrong["no_answer_minutes"] = "The no-answer limit is 1 minute to 7 days (10080 minutes)."
    return wrong


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        return False
    except KeyError:
        return False
    return True


def _is_language(tag: str) -> bool:
    try:
        Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError, TypeError):
        return False
    return True


SITE: Decider[ChangeSite, Site, SiteEvent] = Decider("site", Site(), decide_site, evolve_site, SiteEvent)
