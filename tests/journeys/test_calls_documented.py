"""The JSON calls are as the OpenAPI documents say: what was promised is in them, the workflow keeps to them, and so
does what schemathesis makes of them, good and bad."""

import asyncio
import re
import sys
from pathlib import Path
from uuid import uuid4

import httpx
import msgspec
import pytest

from local.phone import PRACTICE_TOKEN
from local.stack import SERVICES
from tests.documents import Described, Spoken
from tests.journeys.test_messages_documented import play
from tests.journeys.test_workflow import completed, joined
from tests.people import Json
from tests.running import Callout, only

PROMISED = {
    "bot-gateway": """
        PUT /api/telegram/token: token -> bot
        GET /api/technicians: q status after limit -> items next
        GET /api/technicians/{}: -> telegram_id name username profile_link status
        PATCH /api/technicians/{}: name note status -> telegram_id
        DELETE /api/technicians/{}: ->
        """,
    "tasks": """
        POST /api/tasks: title description area priority scheduled_at technician_id client -> id status
        GET /api/tasks/{}: -> id status offer technician delivery
        PATCH /api/tasks/{}: title description area priority scheduled_at -> id status
        DELETE /api/tasks/{}: ->
        GET /api/tasks: status technician q after -> items next
        POST /api/tasks/{}/assignment: technician_id -> id technician
        POST /api/tasks/{}/dispatch: -> offer
        POST /api/tasks/{}/client-info: -> id status
        PUT /api/tasks/{}/status: status -> id status
        """,
    "invoices": """
        POST /api/invoices: task_id currency lines tax_percent due_on -> id status total
        POST /api/invoices/{}/dispatch: -> id status
        PUT /api/invoices/{}/status: status -> id status
        GET /api/invoices/{}: -> id status total
        DELETE /api/invoices/{}: ->
        GET /api/invoices: after limit -> items next
        """,
    "reporting": """
        GET /api/reports/tasks/{}: -> task responses invoices status_history timeline
        DELETE /api/reports/tasks/{}: ->
        GET /api/reports: -> items next
        GET /api/audit: after kind actor task -> items next
        """,
    "notifier": """
        GET /api/notifications: after -> items next
        """,
}
"""The contract: the names that must go in (in the body or the address), and those that come out."""
VITALS = ("/health", "/ready", "/metrics")
"""Of each service."""

SETTINGS = """
[generation]
deterministic = true
max-examples = 5
no-shrink = true
database = "none"

# What it learns from answers would have it revoke its own token.
[phases.coverage.extra-data-sources]
responses = false
[phases.fuzzing.extra-data-sources]
responses = false
[phases.stateful]
enabled = false

# A value of the right shape may still break a rule, which a sentence says with 422.
[checks.positive_data_acceptance]
enabled = false
# Litestar answers OPTIONS with the first of a path's methods alone.
[checks.allow_header_conformance]
enabled = false
"""


async def described(callout: Callout) -> Described:
    return Described([await callout.office.get(f"/api/{name}/openapi.json") for name in SERVICES])


@only("one process")
async def test_what_was_promised_is_described_and_done_so(fresh: Callout) -> None:
    """Each call of the contract is in its service's document, with its fields; and on a day on which everything
    happens each call that is described succeeds at least once, and answers as it is described."""
    unfound: set[str] = set()
    for service, promises in PROMISED.items():
        document = await fresh.office.get(f"/api/{service}/openapi.json")
        for promise in promises.strip().splitlines():
            await keeps(document, promise.strip())
        assert set(VITALS) <= set(document["paths"])
        unfound |= {
            path
            for path, operations in document["paths"].items()
            if "{" not in path and "404" in operations.get("get", {}).get("responses", {})
        }
    assert unfound == {"/api/notifications"}
    spoken = Spoken(await fresh.office.get("/api/notifier/asyncapi.json"))
    assert spoken.sent()["Notification"] == "/ws"

    documents = await described(fresh)

    async def check(answer: httpx.Response) -> None:
        asked = answer.request
        if asked.url.path.startswith("/api/") and not asked.url.path.endswith(
            ("/openapi.json", "/asyncapi.json")
        ):
            await answer.aread()
            kind = answer.headers.get("content-type", "")
            documents.check(asked.method, asked.url.path, answer.status_code, kind, answer.content)

    fresh.office.http.event_hooks["response"].append(check)
    await look_around(fresh)
    await play(fresh)
    left = set(documents.calls) - documents.succeeded - {f"GET {path}" for path in VITALS}
    assert not left


async def look_around(callout: Callout) -> None:
    """The calls that change nothing; and an owner connects the bot again, and ends a session."""
    office = callout.office
    await office.call("PUT", "/api/telegram/token", {"token": PRACTICE_TOKEN})
    sami = await joined(callout)
    number = await completed(callout, sami)
    wanted = {"lines": [{"description": "Valve", "quantity": "1", "unit_price": "20"}]}
    invoice = (await office.bills(number, wanted))["id"]
    await office.knows_report(number)
    client = (await office.get(f"/api/tasks/{number}"))["client"]["id"]
    for path in (
        "/api/telegram/token", "/api/technicians?sort=load", f"/api/technicians/{sami.id}",
        "/api/tasks?status=completed&limit=1", "/api/clients", f"/api/clients/{client}",
        "/api/invoices?status=overdue", f"/api/invoices/{invoice}",
        "/api/reports", f"/api/reports/tasks/{number}", "/api/audit?kind=TaskCreated",
        "/api/admins", "/api/tokens", "/api/account", "/api/sessions", "/api/notifications",
    ):  # fmt: skip
        await office.get(path)
    assert (await office.http.get(f"/api/notifications?after={uuid4()}")).status_code == 404
    assert (await office.http.get(f"/api/invoices/{invoice}/document")).content.startswith(b"%PDF")
    async with httpx.AsyncClient(base_url=callout.url, headers={"Origin": callout.url}) as browser:
        await browser.post("/login", data={"login": "owner", "password": callout.password})
        (session,) = (await office.get("/api/sessions"))["items"]
        await office.call("DELETE", f"/api/sessions/{session['id']}")


async def keeps(document: Json, promise: str) -> None:
    """One line of `PROMISED`."""
    call, _, fields = promise.partition(":")
    method, path = call.split(" ")
    goes_in, _, comes_out = fields.partition("->")
    (operation,) = [
        operations[method.lower()]
        for there, operations in document["paths"].items()
        if re.sub(r"\{\w+\}", "{}", there) == path and method.lower() in operations
    ]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    parameters = {each["name"] for each in operation.get("parameters", [])}
    assert set(goes_in.split()) <= parameters | names_in(document, body), promise
    (good,) = [answer for status, answer in operation["responses"].items() if status < "300"]
    answered = good.get("content", {}).get("application/json", {}).get("schema", {})
    assert set(comes_out.split()) <= names_in(document, answered), promise


def names_in(document: Json, schema: Json) -> set[str]:
    """The properties of an object."""
    if reference := schema.get("$ref"):
        schema = document["components"]["schemas"][reference.rpartition("/")[2]]
    return set(schema.get("properties", {}))


@pytest.mark.slow
@pytest.mark.timeout(480)  # it has the processor for itself only where nothing else is tested
@only("one process")
async def test_whatever_is_sent_is_answered_as_described(fresh: Callout, tmp_path: Path) -> None:
    """schemathesis sends every call what its schema allows and what it doesn't, with the token and without: nothing
    breaks, nothing wrong is taken, nobody unknown is served, and each answer is described."""
    office = fresh.office
    sami = await joined(fresh)
    await completed(fresh, sami)
    await office.task(technician_id=sami.id)
    (tmp_path / "schemathesis.toml").write_text(SETTINGS)
    tokens = {
        name: (await office.post("/api/tokens", {"name": name, "role": "owner"}))["token"]
        for name in SERVICES
    }
    for name in SERVICES:
        document = await office.get(f"/api/{name}/openapi.json")
        (tmp_path / f"{name}.json").write_bytes(msgspec.json.encode(document))
    said = await asyncio.gather(*(fuzz(fresh.url, name, tokens[name], tmp_path) for name in SERVICES))
    failed = {name: what for name, (code, what) in zip(SERVICES, said, strict=True) if code}
    assert not failed, "\n".join(failed.values())


async def fuzz(url: str, service: str, token: str, folder: Path) -> tuple[int, str]:
    """The exit code, which is 0 where all is as described, and what was printed."""
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("st"), "--config-file", folder / "schemathesis.toml", "--no-color",
        "run", folder / f"{service}.json", "--url", url, "--header", f"Authorization: Bearer {token}",
        "--seed", "1", "--exclude-path-regex", "^/(health|ready|metrics)$", "--continue-on-failure",
        cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    printed, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, printed.decode()
