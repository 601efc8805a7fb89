"""Wiring only."""

from reporting import api, pages, projections
from reporting.handlers import Handlers
from shared.contract import OWNER
from shared.journal.freshness import versions
from shared.service import Service
from shared.settings import Settings


def build(settings: Settings) -> Service:
    service = Service(
        "reporting",
        settings,
        package="reporting",
        project=projections.project,
        tables=projections.TABLES,
        folds=tuple(OWNER),  # everything that ever happens, its own part included
        fold_batch=projections.fold_batch,
        knows_names=True,
        asks=versions("task"),
    )
    handlers = Handlers(service.journal, service.pool, service.freshness)
    service.http(pages.routes(handlers, service.pool, service.site), api.routes(handlers))
    return service
