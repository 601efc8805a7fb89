"""The invoices service, wired."""

from invoices import api, exports, logo, pages, projections, subscribers
from invoices.handlers import Handlers
from shared.journal.freshness import versions
from shared.service import Service
from shared.settings import Settings


def build(settings: Settings) -> Service:
    service = Service(
        "invoices",
        settings,
        package="invoices",
        project=projections.project,
        tables=projections.TABLES,
        folds=tuple(projections.FOLDS),
        fold=projections.fold,
        knows_names=True,
        asks=versions("task", "technician", "site"),
    )
    handlers = Handlers(service.journal, service.pool, service.site, service.freshness)
    service.http(pages.routes(handlers), exports.routes(handlers), api.routes(handlers))
    service.rpc(subscribers.router(handlers))
    service.lead(lambda: logo.draw_anew(service.pool))
    return service
