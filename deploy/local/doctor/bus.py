"""What NATS tells: how far each service has read, how much is kept, and what time it is there."""

from datetime import UTC, datetime

import msgspec
from msgspec import Struct
from nats.aio.client import Client
from nats.js.api import ClusterInfo
from nats.js.errors import NotFoundError

from local.doctor.findings import Finding, ok, warning, wrong
from local.doctor.tables import apart
from shared.bus import STREAM

FULL = 0.8
"""Of what JetStream may use."""


class Place(Struct, frozen=True):
    """How far a service is: what is still to be given to it, what it has in its hands, and what it has done."""

    pending: int
    in_hand: int
    done: int


class _Told(Struct):
    ts: datetime


def version(client: Client) -> str:
    server = client.connected_server_version
    return f"{server.major}.{server.minor}.{server.patch}"


async def place(client: Client, service: str) -> Place | None:
    try:
        info = await client.jetstream(timeout=5).consumer_info(STREAM, service)
    except NotFoundError:
        return None
    done = info.ack_floor.stream_seq if info.ack_floor else 0
    return Place(info.num_pending or 0, info.num_ack_pending or 0, done)


def fold(service: str, before: Place | None, now: Place | None) -> Finding:
    """Two looks, some seconds apart: whoever is behind and gets on is only busy."""
    if now is None:
        return wrong(
            "fold", service, "has no place in the stream", "It makes one as soon as it runs: start it."
        )
    behind = now.pending + now.in_hand
    if not behind:
        return ok("fold", service, "has taken in all that is on the bus")
    if before is None or now.done > before.done or behind < before.pending + before.in_hand:
        return ok("fold", service, f"is {behind:,} events behind, and gets on")
    return wrong(
        "fold",
        service,
        f"is {behind:,} events behind and does not get on ({now.in_hand:,} were given and not done)",
        "See whether the service runs; its log says what keeps it. `callout rebuild` fills it anew at worst.",
    )


async def store(client: Client) -> list[Finding]:
    js = client.jetstream(timeout=5)
    account = await js.account_info()
    most = account.limits.max_storage
    used = f"JetStream keeps {account.storage / 2**20:,.1f} MB" + (
        f" of {most / 2**20:,.0f}" if most > 0 else ""
    )
    try:
        stream = await js.stream_info(STREAM)
    except NotFoundError:
        do = "The services make it and publish their journals to it as soon as they run: start them."
        return [wrong("bus", None, f"there is no stream {STREAM}", do)]
    says = f"{used}; {STREAM} has {stream.state.messages:,} events"
    if most > 0 and account.storage > FULL * most:
        room = warning("bus", None, says, "Give JetStream more room (max_file_store) before it is full.")
    else:
        room = ok("bus", None, says)
    return [room, *copies(len(client.servers), stream.cluster)]


def copies(servers: int, cluster: ClusterInfo | None) -> list[Finding]:
    """Whether each server that should keep the stream does; nothing where there is one server alone.

    servers  how many are known
    """
    if servers == 1:
        return []
    others = (cluster and cluster.replicas) or []
    keep = len(others) + 1
    if keep == 1:
        return [
            warning(
                "copies", None, f"{STREAM} is kept by one of {servers} servers alone",
                "`callout replay` makes it anew on all of them, where CALLOUT_NATS_REPLICAS says so.",
            )
        ]  # fmt: skip
    lack = [
        f"{peer.name} {'is away' if peer.offline else 'lags behind'}" for peer in others if not peer.current
    ]
    if not lack:
        return [ok("copies", None, f"{keep} servers keep {STREAM}")]
    return [
        warning(
            "copies", None, f"of {keep} servers that keep {STREAM}, {' and '.join(lack)}",
            "Bring it back: until then, another that stops would stop the bus.",
        )
    ]  # fmt: skip


async def clock(client: Client) -> list[Finding]:
    """JetStream puts its server's time into what it tells of a stream."""
    before = datetime.now(UTC)
    answer = await client.request(f"$JS.API.STREAM.INFO.{STREAM}", b"", timeout=5)
    after = datetime.now(UTC)
    try:
        there = msgspec.json.decode(answer.data, type=_Told).ts
    except msgspec.ValidationError:
        return []  # there is no stream, as `store` says
    return [apart("NATS", there, before, after)]
