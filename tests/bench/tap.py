"""From a technician's tap to the admin's screen, at 50 a second.

Ours begins before the press is posted to the Bot API (the practice phone, with Telegram's
limits on messages lifted) and ends when the WebSocket frame "accepted by" is read. In
between: getUpdates, the update stored, the question to `tasks`, its command, the relay,
the notifier's fold and its hub; while the same taps' answers and edited messages go out.

The floor does the unavoidable hops one after the other, each with nothing around it, as
often a second: an HTTP request, a core NATS request, a committed append of one event and
its outbox row, a JetStream publish with its acknowledgement, a pull, a commit of one row,
and a word to a `websockets` server that comes back as a frame.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise
from statistics import median

import msgspec
import websockets
from nats.js.api import AckPolicy, ConsumerConfig

import nats
from local.servers import Servers
from shared.contract.task import TaskAccepted
from shared.journal.journal import Outcome, append, seal
from tests.bench.bare import ASK, bare
from tests.bench.figures import Figure, percentile, written
from tests.bench.stage import Stage, bare_journal
from tests.bench.wire import Ear, Wire, request
from tests.people import BOILER, PATIENCE, Office, Person, eventually

A_SECOND = 50
WARMING = 25
"""So many taps of a round are not counted."""
HOPS = ("HTTP request", "NATS request", "append", "JetStream publish", "pull", "commit", "WebSocket frame")

Hop = Callable[[], Awaitable[object]]


async def measure(stage: Stage, quick: bool) -> list[Figure]:
    """Two rounds of each, in turn."""
    taps, rounds, technicians = (60, 1, 12) if quick else (1000, 2, 100)
    ours: list[float] = []
    raw: list[list[float]] = []
    async with _hops(stage.servers) as hops:
        people = await _team(stage, technicians)
        for _ in range(rounds):
            raw += (await _chains(hops, taps))[WARMING:]
            ours += await _taps(stage, people, taps)
    chains = [sum(each) for each in raw]
    told = ", ".join(
        f"{name} {written(1000 * median(times))}"
        for name, times in zip(HOPS, zip(*raw, strict=True), strict=True)
    )
    return [
        Figure(
            what=f"tap to screen, p99 of {len(ours)}",
            ours=1000 * percentile(ours, 0.99),
            unit="ms",
            against="the raw hops one after the other, p99 of as many",
            floor=1000 * percentile(chains, 0.99),
            goal=5,
            notes=f"medians {written(1000 * median(ours))} and {written(1000 * median(chains))} ms; "
            f"of the hops: {told} ms",
        )
    ]


# ── Ours ─────────────────────────────────────────────────────────────────────


async def _team(stage: Stage, count: int) -> list[Person]:
    people = [await stage.phones.person(f"Technician {each}") for each in range(count)]
    for person in people:
        await person.start()
    for person in people:
        await stage.office.knows(person)
    return people


async def _taps(stage: Stage, people: list[Person], taps: int) -> list[float]:
    """Seconds of each but the first ones: its task is sent beforehand, and no message is under way when they begin."""
    office = stage.office
    tasks = [await _sent(office, people[each % len(people)]) for each in range(taps)]
    for task in tasks:
        await office.sees_task(task, delivery__task_info="sent")
    began: dict[str, float] = {}
    took: dict[str, float] = {}

    def heard(frame: bytes) -> None:
        now = time.perf_counter()
        said = msgspec.json.decode(frame)
        if said["kind"] == "task_accepted" and said["link"] in began:
            took[said["link"]] = now - began[said["link"]]

    screen = await Ear.open(office.addresses["notifier"] + "/ws", office.token, heard)
    wires: asyncio.Queue[Wire] = asyncio.Queue()
    for _ in range(10):
        wires.put_nowait(await Wire.open(stage.phones.address))

    async def tap(place: int) -> None:
        person, task = people[place % len(people)], tasks[place]
        pressed = {"message_id": 1, "data": f"t:{task}:1:accept"}
        began[f"/tasks/{task}"] = time.perf_counter()  # who waits for a connection waits too
        wire = await wires.get()
        await wire.ask(request("POST", f"/phone/people/{person.id}/taps", body=pressed))
        wires.put_nowait(wire)

    await _paced(tap, taps)

    async def all_heard() -> bool:
        return len(took) == taps

    await eventually(all_heard, seconds=5 * PATIENCE)
    screen.close()
    while not wires.empty():
        await wires.get_nowait().close()
    return [took[f"/tasks/{task}"] for task in tasks[WARMING:]]


async def _sent(office: Office, person: Person) -> int:
    task = await office.post("/api/tasks", BOILER | {"technician_id": person.id})
    await office.post(f"/api/tasks/{task['id']}/dispatch")
    number: int = task["id"]
    return number


async def _paced(one: Callable[[int], Coroutine[None, None, None]], many: int) -> None:
    """Begins one every 1/50 s, whether those before it have ended or not."""
    began = asyncio.get_running_loop().time()
    async with asyncio.TaskGroup() as running:
        for turn in range(many):
            await asyncio.sleep(began + turn / A_SECOND - asyncio.get_running_loop().time())
            running.create_task(one(turn))


# ── The floor ────────────────────────────────────────────────────────────────


@asynccontextmanager
async def _hops(servers: Servers) -> AsyncIterator[list[Hop]]:
    """Each as one call, in the order of `HOPS`."""
    async with AsyncExitStack() as stack:
        url = servers.nats_url()
        there = await stack.enter_async_context(bare(url))
        wire = await Wire.open(there.http)
        stack.push_async_callback(wire.close)
        client = await nats.connect(url)
        stack.push_async_callback(client.close)
        js = client.jetstream()
        await js.add_stream(name="BENCH", subjects=["bench.told"])
        consumer = ConsumerConfig(durable_name="bench", ack_policy=AckPolicy.EXPLICIT)
        await js.add_consumer("BENCH", consumer)
        pulled = await js.pull_subscribe_bind("bench", "BENCH")
        journal = await stack.enter_async_context(bare_journal(servers, 2))
        database = await stack.enter_async_context(journal.acquire())
        await database.execute("CREATE TABLE rows (body text)")
        socket = await stack.enter_async_context(
            websockets.connect(there.sockets.replace("http", "ws"), compression=None)
        )
        body = "x" * 300  # about as long as an event, and as a frame
        numbers = iter(range(1, 10**9))
        get = request("GET", "/")

        async def append_event() -> None:
            stream = f"bench.{next(numbers)}"
            event = TaskAccepted(1, 1)
            recorded = seal(stream, 0, [event], "service:bench")
            async with journal.acquire() as connection:
                await append(connection, recorded, Outcome(stream, 1, (event,)), None, None)  # type: ignore[arg-type]

        async def pull() -> None:
            (message,) = await pulled.fetch(1, timeout=5)
            await message.ack()

        async def frame() -> None:
            await socket.send(body)
            await socket.recv()

        yield [
            lambda: wire.ask(get),
            lambda: client.request(ASK, body.encode(), timeout=5),
            append_event,
            lambda: js.publish("bench.told", body.encode(), timeout=5),
            pull,
            lambda: database.execute("INSERT INTO rows VALUES ($1)", body),
            frame,
        ]


async def _chains(hops: list[Hop], many: int) -> list[list[float]]:
    """Seconds of each hop, one list a chain."""
    told: list[list[float]] = []
    alone = asyncio.Lock()  # the hops share their connections

    async def chain(_: int) -> None:
        async with alone:
            at = [time.perf_counter()]
            for hop in hops:
                await hop()
                at.append(time.perf_counter())
            told.append([after - before for before, after in pairwise(at)])

    await _paced(chain, many)
    return told
