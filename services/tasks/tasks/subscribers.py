"""What the bot-gateway asks: a technician's tap, and a client's data at the moment of sending."""

from faststream.nats import NatsRouter

from shared.bus import answers
from shared.contract.task import CLIENT_INFO, TAP, ClientInfoRequest, Tap

from .handlers import Handlers


def router(handlers: Handlers) -> NatsRouter:
    found = NatsRouter()
    answers(found, TAP, Tap, handlers.tap, queue="tasks")
    answers(found, CLIENT_INFO, ClientInfoRequest, handlers.client_info, queue="tasks")
    return found
