"""Folding reporting from JetStream anew, as `callout rebuild reporting` does.

The stream holds whole lives of tasks, eleven events each, many of them under way at once. Ours
empties reporting's tables and folds it from its start; the time counts until all is committed and
acknowledged. The floor pulls the same stream in batches of the same size, acknowledges each
message and looks at none.
"""

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median

from nats.js.api import AckPolicy, ConsumerConfig

from local.servers import Servers
from reporting.app import build
from shared.bus import STREAM, Bus
from shared.contract import AnyEvent, Recorded
from shared.contract.client import ClientAdded
from shared.contract.delivery import DeliverySent, Purpose
from shared.contract.event import by_service, by_technician
from shared.contract.invoice import InvoiceSent, InvoiceStatus, InvoiceStatusChanged
from shared.contract.task import (
    ClientInfoSent,
    TaskAccepted,
    TaskAssigned,
    TaskCompleted,
    TaskCreated,
    TaskSent,
)
from shared.journal.fold import BATCH
from shared.service import Service
from tests.bench.figures import Figure, spread
from tests.reporting.histories import ANNA, BOILER, Teller, invoice
from tests.running import settings_on

UNDER_WAY = 200
"""So many tasks take turns."""


async def measure(folder: Path, quick: bool) -> list[Figure]:
    tasks, rounds = (2000, 1) if quick else (20_000, 3)
    async with Servers(folder) as servers:
        return await measure_on(servers, tasks, rounds)


async def measure_on(servers: Servers, tasks: int, rounds: int) -> list[Figure]:
    """servers  with nothing on them"""
    ours, raw = [], []
    bus = Bus("bench", servers.nats_url())
    await bus.start()
    await bus.provision()
    events = await _fill(bus, tasks)
    service = build(settings_on(servers, "reporting"))
    await service.prepare()
    try:
        for _ in range(rounds):
            raw.append(events / await _pull(bus, events))
            ours.append(events / await _refold(service, events))
    finally:
        await service.stop()
        await bus.stop()
    return [
        Figure(
            what=f"reporting folded from {events:,} events",
            ours=median(ours),
            unit="/s",
            against=f"pulling them {BATCH} at a time, with acknowledgements, and nothing else",
            floor=median(raw),
            goal=0.5,
            at_least=True,
            notes=f"ours {spread(ours, '/s')}; floor {spread(raw, '/s')}",
        )
    ]


async def _refold(service: Service, events: int) -> float:
    """Seconds from the emptied tables to the last event."""
    await service.rebuild()
    began = time.perf_counter()
    await service.catch_up()
    took = time.perf_counter() - began
    folded = await service.pool.fetchval("SELECT count(*) FROM audit")
    if folded != events:
        raise RuntimeError(f"{folded} of {events} events were folded")
    return took


async def _pull(bus: Bus, events: int) -> float:
    consumer = ConsumerConfig(
        durable_name="bench", ack_policy=AckPolicy.EXPLICIT, filter_subject="events.>", max_ack_pending=5000
    )
    await bus.js.add_consumer(STREAM, consumer)
    pulled = await bus.js.pull_subscribe_bind("bench", STREAM)
    began, seen = time.perf_counter(), 0
    while seen < events:
        for message in await pulled.fetch(min(BATCH, events - seen), timeout=5):
            await message.ack()
            seen += 1
    await bus.client.flush()
    took = time.perf_counter() - began
    await pulled.unsubscribe()
    await bus.js.delete_consumer(STREAM, "bench")
    return took


# ── What happened ────────────────────────────────────────────────────────────


async def _fill(bus: Bus, tasks: int) -> int:
    teller, published = Teller(), 0
    turns = _in_turn(teller, tasks)
    while next(turns, None) is not None:
        list(islice(turns, BATCH - 1))
        await bus.publish_events(teller.told)
        published += len(teller.told)
        teller.told.clear()
    return published


def _in_turn(teller: Teller, tasks: int) -> Iterator[Recorded]:
    """The events of all tasks, as they would come from a busy office."""
    new = iter(range(1001, 1001 + tasks))
    under_way = [_life(task) for task in islice(new, UNDER_WAY)]
    while under_way:
        for life in list(under_way):
            step = next(life, None)
            if step is None:
                under_way.remove(life)
                under_way += [_life(task) for task in islice(new, 1)]
            else:
                stream, event, actor = step
                yield teller.tell(stream, event, actor, after=0.5)


def _life(task: int) -> Iterator[tuple[str, AnyEvent, str]]:
    """From the client's call to the paid invoice."""
    stream, holder, client = f"task.{task}", 7_000_000_000 + task % 300, task
    sent = DeliverySent(Purpose.TASK_INFO, holder, task, task, 1)
    yield f"client.{client}", ClientAdded(f"Client {client}"), ANNA
    yield stream, TaskCreated(task, BOILER, client), ANNA
    yield stream, TaskAssigned(holder), ANNA
    yield stream, TaskSent(holder, 1), ANNA
    yield f"delivery.{task}", sent, by_service("bot-gateway")
    yield stream, TaskAccepted(holder, 1), by_technician(holder)
    yield stream, ClientInfoSent(holder, 1, client), ANNA
    yield stream, TaskCompleted(holder, 1), by_technician(holder)
    yield f"invoice.{task}", invoice(task, task, holder), ANNA
    yield f"invoice.{task}", InvoiceSent(task, holder), ANNA
    yield f"invoice.{task}", InvoiceStatusChanged(task, InvoiceStatus.PENDING, InvoiceStatus.PAID), ANNA
