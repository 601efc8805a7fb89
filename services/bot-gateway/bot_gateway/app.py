"""The bot-gateway, wired."""

from datetime import timedelta
from functools import partial
from uuid import uuid4

from bot_gateway import api, exports, pages, projections
from bot_gateway.domain import BOT, BOTS
from bot_gateway.handlers import Handlers
from bot_gateway.telegram import receiver
from bot_gateway.telegram.arrivals import WORDS, Arrivals
from bot_gateway.telegram.connection import Connection
from bot_gateway.telegram.courier import Courier
from bot_gateway.telegram.dialogue import Dialogue
from bot_gateway.telegram.gauges import Gauges
from bot_gateway.telegram.inbox import GAP, Inbox
from bot_gateway.telegram.ledger import Ledger
from bot_gateway.telegram.limits import Pace
from bot_gateway.telegram.outgoing import Outgoing
from bot_gateway.telegram.poller import Poller
from bot_gateway.telegram.reception import webhook_address, webhook_secret
from bot_gateway.telegram.set_aside import SetAside
from bot_gateway.telegram.webhook import Webhook
from shared.contract import Recorded
from shared.contract.event import by_service
from shared.contract.invoice import DOCUMENT
from shared.contract.task import CLIENT_INFO, TAP
from shared.service import Service
from shared.settings import Settings


class BotGateway(Service):
    """The service, and what admins can ask of it without HTTP."""

    handlers: Handlers
    set_aside: SetAside


def build(settings: Settings) -> BotGateway:
    address = webhook_address(settings)
    secret = partial(webhook_secret, settings)

    async def folded(_: list[Recorded]) -> None:
        courier.wake()

    service = BotGateway(
        "bot-gateway",
        settings,
        package="bot_gateway",
        project=projections.project,
        tables=projections.TABLES,
        folds=("task", "invoice", "client"),
        fold=projections.fold(lambda: service.journal),
        after_fold=folded,
        asks=(TAP, CLIENT_INFO, DOCUMENT),
        words=WORDS,
    )
    journal, pool, bus = service.journal, service.pool, service.bus
    cipher = settings.fernet("bot-token")
    connection = Connection(pool, cipher, settings.telegram_api)
    service.handlers = handlers = Handlers(journal, pool, connection, cipher, settings.telegram_api)
    outgoing = Outgoing(pool, bus, service.site)
    pace = Pace(settings.telegram_pace)
    courier = Courier(Ledger(pool, journal), outgoing, connection, handlers.refuse, pace)
    sealing = settings.fernet("updates")
    dialogue = Dialogue(pool, journal, bus, connection, sealing, service.site)
    service.set_aside = SetAside(pool, sealing)
    inbox = Inbox(pool, dialogue, service.set_aside, courier.wake, GAP if address else timedelta(0))
    arrivals = Arrivals(pool, bus, sealing, inbox.wake)
    if address:
        receive = Webhook(pool, connection, handlers.refuse, service.site, address, secret).run
    else:
        receive = Poller(pool, connection, handlers.refuse, arrivals, service.site).run

    service.http(
        pages.routes(handlers),
        exports.routes(handlers),
        api.routes(handlers),
        receiver.routes(pool, arrivals, secret),
    )
    service.background(connection.watch, arrivals.listen)
    service.lead(receive, inbox.run, courier.run, Gauges(pool).run)
    return service


async def practise(service: Service, token: str) -> None:
    """Connects the practice phone's bot where no bot ever was; whoever removes it has removed it."""
    assert isinstance(service, BotGateway)
    _, version = await service.journal.load(BOTS, BOT)
    if not version:
        await service.handlers.connect(token, actor=by_service("practice-phone"), command_id=uuid4())
