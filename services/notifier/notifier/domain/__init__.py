"""Who may log in, what a session goes through, and the site's settings, decided without I/O.

All admins and API tokens are one aggregate, the team: only so can a rule see that somebody is the
last owner. Passwords and secrets are no part of any command or event.
"""

import re
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from functools import reduce
from typing import TypeAlias, assert_never
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from msgspec import Struct
from msgspec.structs import replace

from notifier.domain.logo import LOGO as LOGO
from notifier.domain.logo import LOGO_KEY as LOGO_KEY
from notifier.domain.logo import ChangeLogo as ChangeLogo
from notifier.domain.logo import Logo as Logo
from notifier.domain.logo import RedrawLogo as RedrawLogo
from notifier.domain.logo import decide_logo as decide_logo
from notifier.domain.visit import VISIT as VISIT
from notifier.domain.visit import LogIn as LogIn
from notifier.domain.visit import LogOut as LogOut
from notifier.domain.visit import Visit as Visit
from notifier.domain.visit import decide_visit as decide_visit
from notifier.domain.visit import evolve_visit as evolve_visit
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
from shared.contract.event import by_admin, by_token
from shared.contract.site import SETTINGS, Site, SiteSettingsChanged, WorkingHours
from shared.journal import Decider
from shared.language import _
from shared.money import currencies
from shared.phone import NO_PHONE, is_phone
from shared.refusal import Refused, Why

TEAM_KEY = "team"
SITE_KEY = SETTINGS.partition(".")[2]

LOGIN = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
LONGEST_TOKEN = timedelta(days=3650)
TOKEN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,47}")

# ---- the team


class Member(Struct, frozen=True):
    role: Role
    enabled: bool = True


class Token(Struct, frozen=True):
    """maker  as an actor; empty where it was made before that was noted"""

    role: Role
    maker: str = ""


class Team(Struct, frozen=True):
    """members: login → member; tokens: name → token, without those that are revoked"""

    members: dict[str, Member] = {}
    tokens: dict[str, Token] = {}


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
    """end_tokens  ends those of their tokens that could do more than they then can; makers: see `DisableAdmin`"""

    role: Role
    end_tokens: bool = False
    makers: dict[str, str] = {}


class ChangePassword(AboutAdmin, frozen=True):
    pass


class DisableAdmin(AboutAdmin, frozen=True):
    """
    end_tokens  ends the API tokens that they made too, and what was made with those
    makers      name → who made it, for tokens whose event does not tell
    """

    end_tokens: bool = False
    makers: dict[str, str] = {}


class EnableAdmin(AboutAdmin, frozen=True):
    pass


class ChangeAdmin(AboutAdmin, frozen=True):
    """Both at once, or neither. None leaves it as it is; the rest: see `DisableAdmin`"""

    role: Role | None = None
    enabled: bool | None = None
    end_tokens: bool = False
    makers: dict[str, str] = {}


class CreateToken(Struct, frozen=True):
    """
    maker    who asks, as an actor
    expires  when it ends by itself, seen from now
    days     the same as it was asked for, where that was a number of days
    """

    name: str
    role: Role
    maker: str = ""
    expires: datetime | None = None
    now: datetime | None = None
    days: int | None = None


class RevokeToken(Struct, frozen=True):
    name: str


TeamCommand: TypeAlias = (
    FoundTeam
    | AddAdmin
    | ChangeRole
    | ChangePassword
    | DisableAdmin
    | ChangeAdmin
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
            raise Refused(_("There is an owner already."))

        case AddAdmin(login) if not LOGIN.fullmatch(login):
            sentence = _(
                "A login has 1 to 32 small letters, digits, “-” or “_”, and begins with a letter or digit."
            )
            raise Refused(sentence, Why.INVALID, {"login": sentence})
        case AddAdmin(_, name) if not 1 <= len(name.strip()) <= 100:
            sentence = _("A name has 1 to 100 characters.")
            raise Refused(sentence, Why.INVALID, {"name": sentence})
        case AddAdmin(login) if login in team.members:
            sentence = _("There is an admin “%(login)s” already. Please choose another login.", login=login)
            raise Refused(sentence, fields={"login": sentence})
        case AddAdmin(login, name, role):
            return [AdminAdded(login, name.strip(), role)]

        case AboutAdmin(login) if login not in team.members:
            raise Refused(_("There is no admin “%(login)s”.", login=login), Why.MISSING)
        case ChangeAdmin():
            return _one_by_one(command, team)
        case ChangeRole(login, role) if team.members[login].role is role:
            return []
        case ChangeRole(login, role) if role is Role.OWNER or not is_last_owner(login, team):
            return [AdminRoleChanged(login, role), *_ended(command, team, least=role)]
        case DisableAdmin(login) if not team.members[login].enabled:
            return _ended(command, team)
        case DisableAdmin(login) if not is_last_owner(login, team):
            return [AdminDisabled(login), *_ended(command, team)]
        case ChangeRole() | DisableAdmin():
            raise Refused(_("This is the last owner. Make somebody else an owner first."))
        case EnableAdmin(login):
            return [] if team.members[login].enabled else [AdminEnabled(login)]
        case ChangePassword(login):
            return [AdminPasswordChanged(login)]

        case CreateToken(name) if not TOKEN_NAME.fullmatch(name):
            sentence = _("A token's name has 1 to 48 letters, digits, spaces, “.”, “-” or “_”.")
            raise Refused(sentence, Why.INVALID, {"name": sentence})
        case CreateToken(name) if name in team.tokens:
            sentence = _(
                "There is a token “%(name)s” already. Revoke it first, or choose another name.", name=name
            )
            raise Refused(sentence, fields={"name": sentence})
        case CreateToken(role=role, maker=maker) if not _may_give(maker, role, team):
            raise Refused(_("A token can do no more than whoever makes it."), Why.FORBIDDEN)
        case CreateToken(expires=datetime() as end, now=datetime() as now) if not (
            now < end <= now + LONGEST_TOKEN
        ):
            sentence = _(
                "A token ends in the future, and within %(days)s days; or never.", days=LONGEST_TOKEN.days
            )
            raise Refused(sentence, Why.INVALID, {"expires_at": sentence})
        case CreateToken(name, role, maker, expires):
            return [ApiTokenCreated(name, role, maker, expires)]
        case RevokeToken(name) if name in team.tokens:
            return [ApiTokenRevoked(name)]
        case RevokeToken(name):
            raise Refused(_("There is no token “%(name)s”.", name=name), Why.MISSING)
        case AboutAdmin():
            raise Refused(_("That is not possible."))
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
        case ApiTokenCreated(name=name, role=role, maker=maker):
            return replace(team, tokens={**team.tokens, name: Token(role, maker)})
        case ApiTokenRevoked(name=name):
            return replace(team, tokens={known: each for known, each in team.tokens.items() if known != name})
        case AdminPasswordChanged() | AdminLoggedIn() | AdminLoggedOut():
            return team
        case _ as never:
            assert_never(never)


def is_last_owner(login: str, team: Team) -> bool:
    owners = {known for known, member in team.members.items() if member.role is Role.OWNER and member.enabled}
    return owners == {login}


def made_by(actor: str, makers: Mapping[str, str]) -> list[str]:
    """The tokens that somebody made, and those that were made with these. makers: name → actor"""
    found: list[str] = []
    asked = {actor}
    while more := [name for name, maker in makers.items() if maker in asked and name not in found]:
        found += more
        asked = {by_token(name) for name in more}
    return found


def _one_by_one(command: ChangeAdmin, team: Team) -> list[AdminEvent]:
    login, more = command.login, (command.end_tokens, command.makers)
    parts: list[TeamCommand] = []
    if command.role is not None:
        parts.append(ChangeRole(login, command.role, *more))
    if command.enabled is not None:
        parts.append(EnableAdmin(login) if command.enabled else DisableAdmin(login, *more))
    events: list[AdminEvent] = []
    for part in parts:
        decided = decide_team(part, team)
        team = reduce(evolve_team, decided, team)
        events += decided
    return events


def _ended(command: ChangeRole | DisableAdmin, team: Team, least: Role | None = None) -> list[AdminEvent]:
    """Of the tokens that the admin made those that end with them: all, or what can do more than `least`."""
    if not command.end_tokens:
        return []
    makers = {name: each.maker or command.makers.get(name, "") for name, each in team.tokens.items()}
    return [
        ApiTokenRevoked(name)
        for name in made_by(by_admin(command.login), makers)
        if least is None or not least.covers(team.tokens[name].role)
    ]


def _may_give(maker: str, role: Role, team: Team) -> bool:
    """Whoever asks from a terminal may; an admin and a program what they may themselves, as long as they may."""
    kind, _sep, name = maker.partition(":")
    if kind == "admin":
        member = team.members.get(name)
        return member is not None and member.enabled and member.role.covers(role)
    if kind == "token":
        token = team.tokens.get(name)
        return token is not None and token.role.covers(role)
    return True


def _member(team: Team, login: str, member: Member) -> Team:
    return replace(team, members={**team.members, login: member})


TEAM: Decider[TeamCommand, Team, AdminEvent] = Decider("admin", Team(), decide_team, evolve_team, AdminEvent)

# ---- the site's settings


class ChangeSite(Struct, frozen=True):
    site: Site


def decide_site(command: ChangeSite, site: Site) -> list[SiteSettingsChanged]:
    asked = replace(command.site, office_phone=command.site.office_phone.strip())
    wrong = _wrong(asked)
    if wrong:
        raise Refused(next(iter(wrong.values())), Why.INVALID, wrong)
    return [] if asked == site else [SiteSettingsChanged(asked)]


def evolve_site(_site: Site, event: SiteSettingsChanged) -> Site:
    return event.site


def _wrong(site: Site) -> dict[str, str]:
    """Field → sentence, for each that can't be used."""
    wrong = {}
    if not 1 <= len(site.company.strip()) <= 100:
        wrong["company"] = _("The company's name has 1 to 100 characters.")
    if len(site.address) > 500:
        wrong["address"] = _("The address has at most 500 characters.")
    if len(site.tax_id) > 50:
        wrong["tax_id"] = _("The tax id has at most 50 characters.")
    if site.office_phone and not is_phone(site.office_phone):
        wrong["office_phone"] = _(NO_PHONE)
    if site.currency not in currencies():
        wrong["currency"] = _("The currency is one that is in use, as a code such as EUR or USD.")
    if not _is_zone(site.time_zone):
        wrong["time_zone"] = _("The time zone is a name such as Europe/Berlin or Asia/Riyadh.")
    if not _is_language(site.language):
        wrong["language"] = _("The language is a code such as en, de or ar.")
    if not 1 <= site.no_answer_minutes <= 7 * 24 * 60:
        wrong["no_answer_minutes"] = _("The no-answer limit is 1 minute to 7 days (10080 minutes).")
    return wrong | _wrong_hours(site.working_hours)


def _wrong_hours(hours: WorkingHours) -> dict[str, str]:
    wrong = {}
    if not hours.days or len(set(hours.days)) < len(hours.days) or not set(hours.days) <= set(range(1, 8)):
        wrong["days"] = _("Please choose the days on which you work, each once.")
    if any(each.tzinfo for each in (hours.begins, hours.ends)):
        wrong["begins"] = _("Working hours are on the site's clock, so without an offset.")
    elif hours.ends != time(0) and hours.ends <= hours.begins:
        wrong["ends"] = _("The end of the working hours is after their beginning.")
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


SITE: Decider[ChangeSite, Site, SiteSettingsChanged] = Decider(
    "site", Site(), decide_site, evolve_site, SiteSettingsChanged
)
