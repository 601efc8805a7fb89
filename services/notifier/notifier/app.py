"""Wiring: the admins, the settings and the notifications."""

from notifier import api, pages, projections, sockets, static
from notifier.asked import Asked
from notifier.handlers import Handlers
from notifier.login_limits import LoginLimits
from notifier.logins import Logins
from notifier.sessions import Sessions
from shared.contract import Recorded
from shared.contract.admin import Role
from shared.contract.event import by_service
from shared.service import Service
from shared.settings import Settings

NAME = "notifier"


def build(settings: Settings) -> Service:
    async def announce(committed: list[Recorded]) -> None:
        await hub.announce(committed)

    service = Service(
        NAME,
        settings,
        package=NAME,
        project=projections.project,
        tables=projections.TABLES,
        folds=projections.FOLDS,
        fold=projections.fold,
        after_fold=announce,
        knows_names=True,
        words=sockets.WORDS,
    )
    sessions = Sessions(service.pool, service.bus)
    limits = LoginLimits(service.pool)
    handlers = Handlers(service.journal, service.pool, sessions)
    logins = Logins(service.journal, service.pool, sessions, limits, service.site)
    hub = sockets.Hub(service.pool, service.bus, service.sessions)
    service.http(
        pages.routes(handlers, logins, service.pool, settings),
        api.routes(handlers, logins, service.pool),
        sockets.routes(hub),
        static.routes(),
    )
    service.lead(sessions.keep, limits.keep, handlers.redraw_logo)
    service.background(sessions.hear, hub.listen, hub.run, hub.tell_changes, hub.look_after)
    return service


async def first_owner(service: Service) -> str | None:
    """Makes the login `owner` where nobody can log in yet, and answers its password; to be printed once."""
    return await _handlers(service).first_owner()


async def create_admin(service: Service, login: str, name: str, role: Role) -> str:
    """A new login's password; to be printed once."""
    return await _handlers(service).add_admin(login, name, role, _from_a_terminal())


async def new_password(service: Service, login: str) -> str:
    """A password in place of one that was lost; to be printed once."""
    return await _handlers(service).new_password(login, _from_a_terminal())


async def create_api_token(service: Service, name: str, role: Role, days: int | None = None) -> str:
    """A new API token's secret; it works as soon as the bus has told the services. days: until it ends"""
    secret, _end = await _handlers(service).create_token(name, role, _from_a_terminal(), days=days)
    return secret


def _from_a_terminal() -> Asked:
    return Asked(by_service("command-line"))


def _handlers(service: Service) -> Handlers:
    return Handlers(service.journal, service.pool, Sessions(service.pool, service.bus))
