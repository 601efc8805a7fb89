"""What other services ask of this one over NATS."""

from faststream.nats import NatsRouter

from invoices.handlers import Handlers
from shared.bus import answers
from shared.contract.invoice import DOCUMENT, DocumentRequest


def router(handlers: Handlers) -> NatsRouter:
    routes = NatsRouter()
    answers(routes, DOCUMENT, DocumentRequest, handlers.answer_document, queue="invoices")
    return routes
