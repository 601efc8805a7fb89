"""Wiring of the service `tasks`."""

from shared.journal.freshness import versions
from shared.service import Service
from shared.settings import Settings

from . import api, exports, pages, projections, subscribers
from .handlers import Handlers


def build(settings: Settings) -> Service:
    service = Service(
        "tasks",
        settings,
        package="tasks",
        project=projections.project,
        tables=projections.TABLES,
        folds=("technician", "delivery", "invoice"),
        fold=projections.fold(lambda: service.journal),
        asks=versions("technician"),
    )
    handlers = Handlers(service.journal, service.pool, settings.fernet("clients"), service.freshness)
    service.http(api.routes(handlers), exports.routes(handlers), pages.routes(handlers))
    service.rpc(subscribers.router(handlers))
    return service
