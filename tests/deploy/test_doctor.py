"""The doctor finds what is really broken, says what to do, and quotes nobody."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec
import pytest
from nats.js.api import ClusterInfo, PeerInfo

from local.access import ROLES
from local.doctor.bus import Place, copies, fold
from local.doctor.findings import Finding, State
from local.doctor.tables import Outbox, apart, relay
from local.nats_server import program
from local.servers import Servers
from local.stack import SERVICES
from tests.deploy.test_backup import settled
from tests.people import PRIVATE, eventually
from tests.running import Callout, only


async def doctor(servers: Servers, *more: str, bus: str = "") -> tuple[int, str]:
    """`callout doctor`, as in a container: the addresses come from the environment."""
    named = {f"CALLOUT_POSTGRES_{role.upper()}": servers.postgres_dsn(role) for role in ROLES}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "local.cli", "doctor", *more,
        env=dict(os.environ) | named | {"CALLOUT_NATS": bus or servers.nats_url()},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def findings(servers: Servers) -> tuple[int, list[Finding]]:
    code, said = await doctor(servers, "--json")
    assert said.startswith("["), said
    return code, msgspec.json.decode(said, type=list[Finding])


async def complaints(servers: Servers, expected: int = 1) -> dict[tuple[str, str | None], str]:
    """About what and whose → what is wrong."""
    code, found = await findings(servers)
    assert code == expected, found
    bad = [each for each in found if each.state is State.WRONG]
    assert all(each.do for each in found if each.state is not State.OK)
    return {(each.about, each.service): each.says for each in bad}


@asynccontextmanager
async def changed(servers: Servers, role: str, *statements: str) -> AsyncIterator[None]:
    connection = await asyncpg.connect(servers.postgres_dsn(role))
    try:
        for statement in statements:
            await connection.execute(statement)
        yield
    finally:
        await connection.close()


async def is_well(servers: Servers) -> bool:
    return (await findings(servers))[0] == 0


@only("one process")
async def test_a_healthy_callout_has_nothing_wrong(fresh: Callout) -> None:
    """Each part is named with what was seen, and the command ends with 0."""
    sami = await fresh.phones.person("Sami Haddad")
    await sami.start()
    await fresh.office.knows(sami)
    number = await fresh.office.task(technician_id=sami.id)
    await fresh.office.post(f"/api/tasks/{number}/dispatch")
    await sami.sees(f"#{number}", button="Accept")
    await settled(fresh.servers)
    code, said = await doctor(fresh.servers)
    assert code == 0, said
    assert all(line.startswith("ok ") for line in said.splitlines()), said
    for service in SERVICES:
        for about in ("database", "schema", "leader", "dead letters", "relay", "fold"):
            assert any(
                line.split(maxsplit=1)[1].startswith(about) and service in line for line in said.splitlines()
            )
    for told in (
        "is connected; the last update came: 2",
        "updates are fetched from Telegram (long polling)",
        "EVENTS has",
        "and NATS agree",
        "PostgreSQL 18",
        "NATS 2.",
        "nats-py",
    ):
        assert told in said
    assert not [secret for secret in (*PRIVATE, "Okonkwo", "Sami") if secret in said]


@only("one process")
async def test_what_is_broken_is_named(fresh: Callout) -> None:
    """A poisoned fold, messages that hang, a stopped NATS with events that wait, and tables that were left behind."""
    servers = fresh.servers
    await settled(servers)
    dead = "INSERT INTO dead_letters VALUES ('client.7', 1, NULL, 'ClientAdded', '{}', $$ValueError: Mrs. Okonkwo$$)"
    hangs = (
        "INSERT INTO deliveries (id, chat_id, purpose, method, status, queued_at) "
        "VALUES (gen_random_uuid(), 7, 'reply', 'send', 'sending', now() - interval '1 hour')"
    )
    async with changed(servers, "reporting", dead), changed(servers, "bot_gateway", hangs):
        wrong = await complaints(servers)
    assert wrong == {
        ("dead letters", "reporting"): "1 events could not be applied (1 × ValueError); 0 wait behind them",
        ("deliveries", "bot-gateway"): "0 are due for more than 5 minutes, 1 hang half way",
    }
    async with changed(servers, "reporting", "DELETE FROM dead_letters"):
        pass
    async with changed(servers, "bot_gateway", "DELETE FROM deliveries"):
        pass

    await settled(servers)
    await servers.stop_nats()
    try:
        await fresh.office.task()
        wrong = await complaints(servers)
    finally:
        await servers.start_nats()
    assert wrong.keys() == {("bus", None), ("relay", "tasks")}
    assert wrong["relay", "tasks"].startswith("2 events wait and none goes out; the first is of ")

    async def well() -> bool:
        return await is_well(servers)

    await eventually(well)
    async with changed(servers, "tasks", "DELETE FROM migrations WHERE name = 'tasks/0003_reach.sql'"):
        assert await complaints(servers) == {("schema", "tasks"): "lacks tasks/0003_reach.sql"}


@only("one process")
async def test_a_webhook_that_brings_nothing_is_named(fresh: Callout) -> None:
    """With what Telegram met there, and what to do about it; one that nobody looks at, or that was taken away, too."""

    async def heard() -> object:
        """how updates come"""
        return (await fresh.office.get("/api/telegram/token"))["updates"]

    await eventually(heard)
    address = "https://dispatch.example.com/telegram/updates/4242424242"
    cases = {
        "": (State.OK, ""),
        "Wrong response from the webhook: 401 Unauthorized": (State.WRONG, "header"),
        "Wrong response from the webhook: 404 Not Found": (State.WRONG, "/telegram"),
        "Wrong response from the webhook: 503 Service Unavailable": (State.WRONG, "tries again"),
        "Wrong response from the webhook: 302 Found": (State.WRONG, "POST"),
        "SSL error {error:0A000086:SSL routines::certificate verify failed}": (State.WRONG, "certificate"),
        "Failed to resolve host: Name or service not known": (State.WRONG, "DNS"),
        "Bad Request: bad webhook: An HTTPS URL must be provided for webhook": (
            State.WRONG,
            "CALLOUT_PUBLIC_URL",
        ),
        "Connection refused": (State.WRONG, "firewall"),
    }
    for trouble, (state, do) in cases.items():
        row = f"UPDATE reception SET address = '{address}', waiting = 3, trouble = '{trouble}', looked_at = now()"
        async with changed(fresh.servers, "bot_gateway", row):
            webhook = await about_updates(fresh.servers)
        assert [each.state for each in webhook] == [state], webhook
        assert all(each in webhook[0].says for each in (address, "3 wait there", trouble))
        assert do in webhook[0].do
    unfetched = "UPDATE reception SET address = '', trouble = 'Telegram can''t be reached.'"
    async with changed(fresh.servers, "bot_gateway", unfetched):
        _, found = await findings(fresh.servers)
    [fetched] = [each for each in found if "fetched" in each.says]
    assert fetched.state is State.WRONG
    assert "CALLOUT_TELEGRAM_API" in fetched.do
    taken_away = f"UPDATE reception SET address = '{address}', trouble = '', taken_at = now()"
    hours_ago = "UPDATE reception SET looked_at = now() - interval '3 hours'"
    async with changed(fresh.servers, "bot_gateway", taken_away, hours_ago):
        unseen, taken = await about_updates(fresh.servers)
    assert (unseen.state, taken.state) == (State.WRONG, State.WARNING)
    assert "nobody has looked" in unseen.says
    assert "another program" in taken.says


async def about_updates(servers: Servers) -> list[Finding]:
    _, found = await findings(servers)
    return [each for each in found if "brought" in each.says or "webhook" in each.says]


async def test_a_stopped_callout_is_not_taken_for_a_well_one(clean: Servers) -> None:
    """No tables, no stream, nobody who leads; then no PostgreSQL either."""
    wrong = await complaints(clean)
    assert {("schema", service) for service in SERVICES} < wrong.keys()
    assert wrong["bus", None] == "there is no stream EVENTS"
    await clean.stop_postgres()
    try:
        wrong = await complaints(clean)
    finally:
        await clean.start_postgres()
    assert {("database", service) for service in SERVICES} < wrong.keys()


async def test_one_of_several_bus_servers_may_be_away(clean: Servers) -> None:
    """The addresses of all are named, as `compose.cluster.yaml` does."""
    away = "nats://operator:gone@127.0.0.1:9"
    for bus in (f"{away},{clean.nats_url()}", f"{clean.nats_url()},{away}"):
        _, said = await doctor(clean, bus=bus)
        assert "there is no stream EVENTS" in said, said


async def test_a_bus_that_keeps_nothing_is_named(clean: Servers, tmp_path: Path) -> None:
    """A NATS whose JetStream is off or has no majority; all else is looked at nevertheless."""
    nats = await asyncio.create_subprocess_exec(
        str(program()), "-a", "127.0.0.1", "-p", "-1", "--ports_file_dir", str(tmp_path)
    )
    try:

        async def listens() -> str | None:
            """the address that a NATS has chosen"""
            with contextlib.suppress(msgspec.DecodeError):  # half written
                for file in tmp_path.glob("*.ports"):
                    return str(msgspec.json.decode(file.read_bytes())["nats"][0])
            return None

        code, said = await doctor(clean, bus=await eventually(listens))
    finally:
        nats.terminate()
        await nats.wait()
    assert code == 1
    assert "JetStream can't be used" in said
    assert "this machine and PostgreSQL agree" in said


@pytest.mark.parametrize(
    ("off", "state"),
    [(0.0, State.OK), (0.9, State.OK), (3.0, State.WARNING), (-3.0, State.WARNING), (-60.0, State.WRONG)],
)
def test_a_clock_that_is_off_is_noticed(off: float, state: State) -> None:
    """Before or behind; as long as the question took is no difference."""
    asked = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    answered = asked + timedelta(seconds=2)
    there = (answered if off >= 0 else asked) + timedelta(seconds=off)
    assert apart("NATS", there, asked, answered).state is state


def test_who_is_behind_and_gets_on_is_only_busy() -> None:
    """A journal that is published anew is long and old; it is wrong only where nothing moves between two looks."""
    since = datetime(2026, 8, 1, tzinfo=UTC)
    first, later = Outbox(7, 900, since), Outbox(507, 400, since)
    assert relay("tasks", first, later).state is State.OK
    assert relay("tasks", first, first).state is State.WRONG
    assert relay("tasks", first, Outbox(None, 0, None)).state is State.OK
    behind, nearer = Place(pending=90, in_hand=10, done=5), Place(pending=40, in_hand=10, done=55)
    assert fold("tasks", behind, nearer).state is State.OK
    assert fold("tasks", behind, behind).state is State.WRONG
    assert fold("tasks", behind, None).state is State.WRONG


def test_a_server_that_keeps_no_copy_is_named() -> None:
    """Three servers keep every event; one that is away or behind leaves the bus without a spare."""

    def keeping(*peers: PeerInfo) -> Finding:
        [found] = copies(3, ClusterInfo(leader="nats", replicas=list(peers)))
        return found

    well, behind = PeerInfo("nats2", current=True), PeerInfo("nats2", current=False, lag=7)
    away = PeerInfo("nats3", current=False, offline=True)
    assert keeping(well, PeerInfo("nats3", current=True)).state is State.OK
    assert "nats3 is away" in keeping(well, away).says
    assert "nats2 lags behind and nats3 is away" in keeping(behind, away).says
    assert "one of 3 servers alone" in keeping().says
    assert copies(1, None) == []
