"""What is promised of an installation under Compose; each check fails with an AssertionError or prints its figures."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx

from local.access import ROLES
from local.phone import PRACTICE_TOKEN
from local.stack import SERVICES
from tests.compose.engine import Compose, Failed, run, said, service_of
from tests.journeys.test_workflow import completed, joined
from tests.journeys.test_workflow import test_from_start_to_a_paid_invoice as from_start_to_a_paid_invoice
from tests.people import Office, Phones, eventually
from tests.running import Callout

REPLICAS = {"tasks": 3, "invoices": 2, "notifier": 3, "reporting": 2, "bot-gateway": 2}
TAKEOVER = 10.0  # seconds until another replica leads
MEGABYTE = 10**6
IMAGE = 400 * MEGABYTE
PYTHON_SLIM = 130 * MEGABYTE
"""What `python:3.13-slim` unpacks to; a stand-in for it may be larger, which says nothing about Callout."""


async def image_is_lean(name: str, base: str, compose: Compose) -> str:
    """Under 400 MB, with no compiler, no test, no secret and no root."""

    async def size_of(image: str) -> int:
        return int(await said("docker", "image", "inspect", "-f", "{{.Size}}", image, folder=compose.folder))

    ours = await size_of(name) - await size_of(base)
    assert ours + PYTHON_SLIM < IMAGE, f"{ours / MEGABYTE:.0f} MB on top of Python"
    look = (
        "for each in gcc cc clang make; do command -v $each && exit 1; done; "
        "find /opt/callout/app / -maxdepth 3 \\( -name .env -o -name .git -o -name tests \\) | grep . && exit 1; "
        "id -u"
    )
    printed = await said(
        "docker", "run", "--rm", "--entrypoint", "sh", name, "-c", look, folder=compose.folder
    )
    assert printed == "10001", printed
    kept = json.loads(await said("docker", "image", "inspect", name, folder=compose.folder))[0]["Config"][
        "Env"
    ]
    assert not [each for each in kept if "SECRET" in each or "PASSWORD" in each], kept
    return f"{ours / MEGABYTE:.0f} MB on top of {base}; no compiler, no test, no secret"


async def a_missing_secret_is_named(compose: Compose) -> str:
    """Without `make secrets` it says so; where one file went astray, it names that file."""
    kept, secret = compose.folder / ".env", compose.folder / "secrets" / "NATS_PASSWORD_TASKS"
    said = []
    for file, named in (
        (kept, "CALLOUT_SECRETS is missing a value: run `make secrets` once"),
        (secret, f"does not exist: {secret}"),
    ):
        whole = file.read_bytes()
        file.unlink()
        try:
            await compose("create", "--no-build", "nats")
            told = "nothing was wrong"
        except Failed as failed:
            told = str(failed)
        finally:
            file.write_bytes(whole)
        assert named in told, told
        said.append(named)
    await compose("down", "--volumes")
    return "; ".join(said)


async def containers_are_closed(compose: Compose) -> str:
    """Read-only, without rights, within limits, healthy, with one door to the world, and telling no secret."""
    doors = set()
    secrets = {path.name: path.read_text() for path in (compose.folder / "secrets").iterdir()}
    containers = await compose.containers()
    for each in containers:
        service, host = service_of(each), each["HostConfig"]
        assert host["ReadonlyRootfs"], service
        assert host["CapDrop"] == ["ALL"], service
        assert "no-new-privileges:true" in host["SecurityOpt"], service
        assert host["Memory"], service
        assert host["LogConfig"]["Config"].get("max-size"), service
        assert service in {"postgres", "volumes"} or each["Config"]["User"] == "10001:10001", service
        if each["State"]["Running"] and service != "phone":
            assert each["State"]["Health"]["Status"] == "healthy", service
        told = json.dumps(each)
        assert not [name for name, secret in secrets.items() if secret in told], service
        if any(each["NetworkSettings"]["Ports"].values()):
            doors.add(service)
    assert doors == {"proxy", "phone"}, doors
    return f"{len(containers)} containers; ports: {', '.join(sorted(doors))}"


@asynccontextmanager
async def reached(compose: Compose) -> AsyncIterator[Callout]:
    """It, through its proxy, with the practice bot connected and an owner made on the command line."""
    made = await compose("exec", "-T", "notifier", "callout", "admin", "create", f"olga{uuid4().hex[:6]}")
    login, password = made.split("   ")[0].split(" / ")
    token = await compose(
        "exec", "-T", "notifier", "callout", "token", "create", f"check {login}", "--role", "owner"
    )
    office = Office(dict.fromkeys(SERVICES, compose.url), token)
    phone = f"http://127.0.0.1:{compose.port + 2}"
    async with httpx.AsyncClient(base_url=phone, timeout=20) as http:
        await office.call("PUT", "/api/telegram/token", {"token": PRACTICE_TOKEN})
        try:
            yield Callout(office.addresses, password, office, Phones(phone, http), None, {}, {})  # type: ignore[arg-type]
        finally:
            await office.close()


async def the_workflow_runs(callout: Callout) -> str:
    await from_start_to_a_paid_invoice(callout)
    return "from Start to a paid invoice, through the proxy"


async def no_permission_was_missing(compose: Compose) -> str:
    """What NATS refused would be a subject that a service needs and has not."""
    refused = [line for line in (await compose("logs", "nats")).splitlines() if "Violation" in line]
    assert not refused, refused[:3]
    return "NATS refused nothing"


async def nothing_is_dead(compose: Compose) -> str:
    printed = await compose("run", "--rm", "-T", "operator", "dead-letters", "list")
    assert "There are none." in printed, printed
    return printed


async def replicas_share_the_work(compose: Compose, callout: Callout) -> str:
    """Each notification once on every socket, one leader a service, and no second poller."""
    await compose.up(
        "--no-recreate", *(w for name, n in REPLICAS.items() for w in ("--scale", f"{name}={n}"))
    )
    running = sorted(service_of(each) for each in await compose.containers() if each["State"]["Running"])
    assert {name: running.count(name) for name in REPLICAS} == REPLICAS
    for service in SERVICES:
        await compose.leader(service)
    worker = await joined(callout, "Nadia Haddad")
    async with AsyncExitStack() as stack:
        screens = [await stack.enter_async_context(callout.office.screen()) for _ in range(9)]
        numbers = [await completed(callout, worker) for _ in range(3)]
        for screen in screens:
            for number in numbers:
                await screen.shows("task_completed", f"#{number}")
        heard = [
            [
                frame["id"]
                for frame in screen.frames
                if any(f"#{number}" in frame["text"] for number in numbers)
            ]
            for screen in screens
        ]
    assert all(len(set(ids)) == len(ids) for ids in heard), "a notification came twice"
    assert all(set(ids) == set(heard[0]) for ids in heard), "a socket missed one"
    assert "terminated by other getUpdates" not in await compose("logs", "bot-gateway"), "two polled at once"
    return f"{len(heard[0])} notifications, each once on {len(screens)} sockets; one leader a service"


async def any_replica_may_die(compose: Compose, callout: Callout) -> str:
    """The leader of each service is killed; another takes over, and a whole round is done."""
    worker = await joined(callout, "Omar Haddad")
    took = {}
    for service in SERVICES:
        leader = await compose.leader(service)
        began = time.monotonic()
        await run("docker", "kill", leader, folder=compose.folder)

        async def another(service: str = service, leader: str = leader) -> bool:
            """another leader"""
            try:
                return await compose.leader(service) != leader
            except Failed:
                return False

        async def works() -> bool:
            """a whole round"""
            try:
                return bool(await completed(callout, worker))
            except AssertionError:  # a request that was under way to the one that died is asked again
                return False

        await eventually(another, seconds=TAKEOVER)
        took[service] = time.monotonic() - began
        await eventually(works, seconds=TAKEOVER)
        await run("docker", "start", leader, folder=compose.folder)
    return ", ".join(f"{service} after {seconds:.1f} s" for service, seconds in took.items())


async def an_upgrade_loses_nothing(compose: Compose, callout: Callout, upgraded: Any) -> str:
    """Tasks are created all the while; each that was answered is there, once, and none was doubled."""
    over = asyncio.Event()
    answered: dict[str, int] = {}
    again: Counter[str] = Counter()
    longest = 0.0

    async def asked(title: str) -> int | None:
        body = {"title": title, "client": {"name": "Mr. Patel"}}
        try:
            answer = await callout.office.http.post(
                "/api/tasks", json=body, headers={"Idempotency-Key": title}, timeout=60
            )
        except httpx.TransportError as error:
            again[type(error).__name__] += 1
            return None
        if answer.status_code == 201:
            return int(answer.json()["id"])
        assert answer.status_code >= 500, answer.text
        again[str(answer.status_code)] += 1
        return None

    async def create() -> None:
        nonlocal longest
        while not over.is_set():
            title, began = f"Job {uuid4()}", time.monotonic()
            while (number := await asked(title)) is None:
                await asyncio.sleep(0.1)  # asked again, as a browser's retry would
            answered[title] = number
            longest = max(longest, time.monotonic() - began)

    creating = [asyncio.create_task(create()) for _ in range(4)]
    try:
        await upgraded()
    finally:
        over.set()
    await asyncio.gather(*creating)
    rows = await compose.query("SELECT number, title FROM tasks.tasks WHERE title LIKE 'Job %'")
    kept = {title: int(number) for number, title in rows}
    assert len(rows) == len(kept), "a task was made twice"
    assert kept == answered, "an answered task is not there"
    asked_again = f"{again.total()} asked again {dict(again) or ''}".strip()
    return f"{len(answered)} tasks meanwhile, {asked_again}, the longest wait {longest:.1f} s"


async def everything_of(compose: Compose) -> dict[str, list[list[str]]]:
    """Every row of every table of the services, as text."""
    roles = ", ".join(f"'{role}'" for role in ROLES)
    tables = await compose.query(
        f"SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ({roles}) ORDER BY 1, 2"
    )
    return {
        f"{schema}.{table}": await compose.query(f"SELECT * FROM {schema}.{table} t ORDER BY t::text")
        for schema, table in tables
    }


async def a_backup_restores_everything(compose: Compose, callout: Callout) -> str:
    """On an empty machine with the same secrets: the same rows before anything starts, and the same pages after."""
    pages = (
        "/api/tasks?limit=200",
        "/api/invoices",
        "/api/technicians",
        "/api/reports",
        "/api/audit?limit=200",
    )
    secret = {"CALLOUT_BACKUP_PASSPHRASE": "a passphrase of the check"}
    given = [word for name, value in secret.items() for word in ("-e", f"{name}={value}")]
    before, shown = await everything_of(compose), [await callout.office.get(page) for page in pages]
    file = await compose.raw("run", "--rm", "-T", *given, "operator", "backup", "-")
    kept = await compose("run", "--rm", "-T", *given, "operator", "restore", "-", "--show-secret", given=file)
    assert kept == (compose.folder / "secrets" / "CALLOUT_SECRET").read_text()
    await compose("down", "--volumes")
    await compose("run", "--rm", "-T", "migrate")
    printed = await compose("run", "--rm", "-T", *given, "operator", "restore", "-", given=file)
    after = await everything_of(compose)
    # What is still to be published is not carried over: all of it is published anew.
    differ = [
        name
        for name in before
        if before[name] != after.get(name) and not name.endswith((".outbox", ".published"))
    ]
    assert not differ, differ
    await compose.up()
    assert [await callout.office.get(page) for page in pages] == shown
    assert list(before) == list(after)
    rows = sum(map(len, before.values()))
    return f"{len(file) / 1000:.0f} kB, {rows} rows in {len(before)} tables the same. {printed}"


async def the_doctor_is_content(compose: Compose) -> str:
    """The streams filled again too: no relay and no fold lags behind."""

    async def content() -> str | None:
        """a doctor who finds nothing"""
        try:
            return await compose("run", "--rm", "-T", "operator", "doctor")
        except Failed:
            return None

    return str(await eventually(content, seconds=60)).splitlines()[-1]
