"""One click is followed through five processes, in logs and spans, and nobody's data is in either."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import msgspec
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from local.phone import PRACTICE_TOKEN
from local.servers import Servers
from tests.conftest import swept
from tests.journeys.test_workflow import accepted, completed, joined
from tests.people import BOILER, PRIVATE, Json, eventually
from tests.running import SECRET, Callout, running

pytestmark = pytest.mark.slow

TRACE = "0af7651916cd43dd8448eb211c80319c"
PUBLISHED_AND_FOLDED = {
    ("tasks", "published", "TaskSent"),
    ("bot-gateway", "folded", "TaskSent"),
    ("bot-gateway", "published", "DeliverySent"),
    ("tasks", "folded", "DeliverySent"),
}
CLICK = f"00-{TRACE}-b7ad6b7169203331-01"
"""As a proxy in front sends it: the example of W3C Trace Context."""


@dataclass
class Collector:
    """Takes OTLP over HTTP, as an OpenTelemetry collector does."""

    spans: list[Json] = field(default_factory=list)
    address: str = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                assert lines[0].startswith("POST /v1/traces ")
                length = next(int(x.split(":")[1]) for x in lines if x.lower().startswith("content-length"))
                self.take(await reader.readexactly(length))
                body = ExportTraceServiceResponse().SerializeToString()
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\n"
                    b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
                )
                await writer.drain()
        except asyncio.IncompleteReadError:
            writer.close()

    def take(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = next(
                a.value.string_value for a in resource.resource.attributes if a.key == "service.name"
            )
            for span in (span for scope in resource.scope_spans for span in scope.spans):
                self.spans.append(
                    {
                        "service": service,
                        "name": span.name,
                        "trace": span.trace_id.hex(),
                        "id": span.span_id.hex(),
                        "parent": span.parent_span_id.hex(),
                        "all": str(span),
                    }
                )


@dataclass
class Watched:
    """A Callout of five processes, with what each logs and all spans that they send."""

    callout: Callout
    folder: Path
    collector: Collector

    def lines(self, *services: str) -> list[Json]:
        """Every line is an object, also what libraries say."""
        return [
            msgspec.json.decode(line)
            for service in services or sorted(self.callout.settings)
            for line in (self.folder / f"{service}.log").read_bytes().splitlines()
        ]

    def of(self, trace: str, *services: str) -> list[Json]:
        lines = [line for line in self.lines(*services) if line.get("trace_id") == trace]
        return sorted(lines, key=lambda line: str(line["timestamp"]))


@pytest.fixture(scope="module")
async def watched(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    collector = Collector()
    server = await asyncio.start_server(collector.answer, "127.0.0.1")
    folder = tmp_path_factory.mktemp("logs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CALLOUT_OTLP_ENDPOINT", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
        async with running("five processes", await swept(servers), folder, log_to=folder) as callout:
            yield Watched(callout, folder, collector)
    server.close()


async def test_a_click_is_found_in_every_log_on_its_way_to_telegram(watched: Watched) -> None:
    """Send task info: request, command, event, the other service's fold, delivery and `sendMessage`, in this order."""
    sami = await joined(watched.callout)
    number = await watched.callout.office.task(technician_id=sami.id)
    answer = await watched.callout.office.http.post(
        f"/api/tasks/{number}/dispatch", headers={"traceparent": CLICK}
    )
    assert answer.headers["traceparent"].split("-")[1] == TRACE
    await sami.sees(f"#{number}", button="Accept")
    await watched.callout.office.sees_task(number, delivery__task_info="sent")

    async def told() -> list[Json]:
        """what each of the two services published, folded by the other"""
        lines = watched.of(TRACE, "tasks", "bot-gateway")
        seen = {(each["service"], each["event"], each.get("type")) for each in lines}
        return lines if PUBLISHED_AND_FOLDED <= seen else []

    lines = await eventually(told)
    tasks = [each for each in lines if each["service"] == "tasks"]
    request = one(tasks, event="request")
    assert (
        request["request_id"] == answer.headers["x-request-id"] == answer.headers["traceparent"].split("-")[2]
    )
    assert request["route"] == "/api/tasks/{number}/dispatch"
    command = one(tasks, event="command")
    assert command["request_id"] == request["request_id"]
    assert (command["command"], command["outcome"], command["stream"]) == (
        "SendTask",
        "done",
        f"task.{number}",
    )
    event = {"id": command["events"][0]["id"], "type": "TaskSent"}
    assert command["events"] == [event]
    assert command["command_id"]

    way = [
        (command, "tasks"),
        (one(lines, event="published", event_id=event["id"]), "tasks"),
        (one(lines, event="folded", event_id=event["id"]), "bot-gateway"),
        (one(lines, event="telegram", method="sendMessage"), "bot-gateway"),
        (one(lines, event="command", command="ConfirmDelivery"), "bot-gateway"),
        (one(lines, event="published", type="DeliverySent"), "bot-gateway"),
        (one(lines, event="folded", type="DeliverySent"), "tasks"),
    ]
    assert [line["service"] for line, _ in way] == [service for _, service in way]
    # The lines of a publication and of a fold are written when all of it is committed; whoever goes on may be quicker.
    moments = [line["timestamp"] for line, _ in way if line["event"] not in ("published", "folded")]
    assert moments == sorted(moments)
    assert way[3][0]["delivery"]


async def test_a_tap_is_followed_into_the_service_that_it_asks(watched: Watched) -> None:
    """The update, the command in `tasks`, and the bot's words to the technician have one trace."""
    sami = await joined(watched.callout, "Rana Aziz")
    number, _ = await accepted(watched.callout, sami)
    await sami.sees("accepted", f"#{number}")
    command = one(watched.lines("tasks"), command="AcceptTask", outcome="done", stream=f"task.{number}")

    async def answered() -> bool:
        """the update and the call that changes the message under the button"""
        here = {line["event"]: line for line in watched.of(command["trace_id"], "bot-gateway")}
        return "telegram" in here and bool(here.get("update", {}).get("update_id"))

    await eventually(answered)


async def test_the_collector_sees_one_trace_through_the_services(watched: Watched) -> None:
    """Spans have the ids that the logs have, and each hangs on the one before it."""
    sami = await joined(watched.callout, "Omar Nasser")
    number = await watched.callout.office.task(technician_id=sami.id)
    answer = await watched.callout.office.http.post(f"/api/tasks/{number}/dispatch")
    trace, click = answer.headers["traceparent"].split("-")[1:3]

    way = [
        "tasks: POST /api/tasks/{number}/dispatch",
        "tasks: command SendTask",
        "tasks: published TaskSent",
        "bot-gateway: folded TaskSent",
        "bot-gateway: deliver task_info",
        "bot-gateway: telegram sendMessage",
    ]
    others = [f"{name}: folded TaskSent" for name in ("notifier", "reporting")]

    async def arrived() -> dict[str, Json] | None:
        """all spans"""
        spans = {f"{s['service']}: {s['name']}": s for s in watched.collector.spans if s["trace"] == trace}
        return spans if {*way, *others} <= set(spans) else None

    spans = await eventually(arrived)
    assert [spans[name]["parent"] for name in way] == ["", *(spans[name]["id"] for name in way[:-1])]
    assert spans[way[0]]["id"] == click
    assert {spans[name]["parent"] for name in others} == {spans["tasks: published TaskSent"]["id"]}
    assert one(watched.of(trace), event="telegram", method="sendMessage")["span_id"] == spans[way[-1]]["id"]


async def test_no_log_and_no_span_has_anything_private(watched: Watched) -> None:
    """After the whole way with a client's data, a search for it, refusals and a wrong token."""
    office = watched.callout.office
    sami = await joined(watched.callout, "Sami Haddad")
    await completed(watched.callout, sami)
    await office.http.get("/clients", params={"q": BOILER["client"]["phone"]})
    await office.http.get("/nowhere/12 Quay Street")
    await office.http.post("/api/tasks", json={"title": "", "client": BOILER["client"]})
    await office.refused(
        "PUT", "/api/telegram/token", {"token": "424242:AAE-a-token-of-nobody-0123456789abcdef"}
    )
    await office.call("PUT", "/api/telegram/token", {"token": PRACTICE_TOKEN})
    written = b"".join(
        (watched.folder / f"{name}.log").read_bytes() for name in watched.callout.settings
    ).decode()
    assert "/api/telegram/token" in written
    written += unquote_plus(written)  # as an address would hold it
    sent = "".join(span["all"] for span in watched.collector.spans)
    private = (*PRIVATE, "Okonkwo", PRACTICE_TOKEN, "a-token-of-nobody", SECRET, watched.callout.office.token)
    passwords = [one.postgres.split(":")[2].split("@")[0] for one in watched.callout.settings.values()]
    assert [secret for secret in (*private, *passwords) if secret in written or secret in sent] == []


def one(lines: list[Json], **expected: Any) -> Json:
    found = [line for line in lines if expected.items() <= line.items()]
    assert len(found) == 1, f"{len(found)} lines with {expected} among {lines}"
    return found[0]
