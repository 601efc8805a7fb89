"""`callout demo`, played once on real servers, and looked at as an admin looks at it."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from local.access import ROLES, read_access
from local.cli import parser
from local.installation import settings
from local.phone.app import serve_phone
from local.servers import Servers
from local.stack import SERVICES, Http, Stack, listen
from local.trouble import CannotStart
from tests.people import Json, Office, eventually
from tests.running import token_of

SMALL = ["demo", "--tasks", "20", "--days", "5", "--technicians", "8", "--invoices", "6", "--data"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
async def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a small demo that has ended."""
    folder: Path = tmp_path_factory.mktemp("demo") / "data"
    arguments = parser().parse_args([*SMALL, str(folder)])
    await arguments.run(arguments)
    return folder


@pytest.fixture(scope="module")
async def office(played: Path) -> AsyncIterator[Office]:
    """An admin's program, on a Callout started on that folder."""
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(Servers(played))
        phone = await stack.enter_async_context(serve_phone(played / "phone.sqlite3"))
        callout = Stack(settings(servers.access, played, telegram_api=phone))
        await callout.start()
        stack.push_async_callback(callout.stop)
        http = Http(callout, listen("127.0.0.1", 0))
        await http.start()
        stack.push_async_callback(http.stop)

        async def ready() -> bool:
            return not callout.waiting_for()

        await eventually(ready)
        addresses = dict.fromkeys(SERVICES, f"http://127.0.0.1:{http.port}")
        office = Office(addresses, await token_of(callout))
        stack.push_async_callback(office.close)
        yield office


async def all_of(office: Office, path: str) -> list[Json]:
    found: list[Json] = []
    after = ""
    while True:
        some = await office.get(f"{path}?limit=100{after}")
        found += some["items"]
        if not some["next"]:
            return found
        after = f"&after={some['next']}"


def moment(text: Any) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


async def test_everything_is_there(office: Office) -> None:
    """Tasks in many states, invoices, reports, technicians and the people of the office."""
    tasks = await all_of(office, "/api/tasks")
    assert len(tasks) == 20
    assert {"new", "assigned", "sent", "accepted", "in_progress", "rejected", "completed"} <= {
        task["status"] for task in tasks
    }
    assert 0 < len(await all_of(office, "/api/invoices")) <= 6
    assert len(await all_of(office, "/api/reports")) == 20
    assert len(await all_of(office, "/api/technicians")) == 8
    assert {admin["login"] for admin in (await office.get("/api/admins"))["items"]} >= {
        "owner",
        "ines",
        "salma",
    }


async def test_a_report_tells_the_whole_story(office: Office) -> None:
    """Each part in its order, with the technician's own response."""
    completed = next(task for task in await all_of(office, "/api/tasks") if task["status"] == "completed")
    report = await office.get(f"/api/reports/tasks/{completed['id']}")
    assert [change["to"] for change in report["status_history"]][-2:] == ["in_progress", "completed"]
    assert {"accepted", "completed"} <= {response["response"] for response in report["responses"]}
    moments = [moment(line["at"]) for line in report["timeline"]]
    assert moments == sorted(moments)


async def test_what_happened_is_dated_in_the_days_of_the_story(office: Office) -> None:
    """Nothing in the future, everything in order, and most of it before today. The looker's own token is today's."""
    lines = [line for line in await all_of(office, "/api/audit") if line["kind"] != "ApiTokenCreated"]
    moments = [moment(line["at"]) for line in lines]
    now = datetime.now(UTC)
    assert moments == sorted(moments, reverse=True)
    assert moments[0] <= now
    assert now - timedelta(days=5, hours=12) < moments[-1] < now - timedelta(days=4)
    assert sum(at < now - timedelta(hours=14) for at in moments) > len(moments) / 3
    kinds = Counter(line["kind"] for line in lines)
    assert kinds["DeliverySent"] > 20
    assert kinds["AdminLoggedIn"] > 10
    assert {"DeliveryFailed", "TaskRejected", "InvoiceCreated", "TechnicianBlockedBot"} <= set(kinds)


async def test_nothing_is_left_on_its_way(played: Path, office: Office) -> None:
    """It ended with everything published, folded and delivered, and nothing that could not be applied."""
    access = read_access(played)
    assert access
    connection = await asyncpg.connect(access.postgres_dsn("postgres"))
    for role in ROLES:
        unpublished = f"SELECT type FROM {role}.outbox JOIN {role}.events USING (position)"
        # The token of `office` may just be on its way.
        assert {row["type"] for row in await connection.fetch(unpublished)} <= {"ApiTokenCreated"}
        assert not await connection.fetchval(f"SELECT count(*) FROM {role}.dead_letters")
    waiting = "SELECT count(*) FROM bot_gateway.deliveries WHERE status IN ('queued', 'sending', 'unknown')"
    assert not await connection.fetchval(waiting)
    await connection.close()


async def test_a_second_demo_needs_another_folder(played: Path, office: Office) -> None:
    """Refused with a sentence, before anything is touched."""
    arguments = parser().parse_args([*SMALL, str(played)])
    with pytest.raises(CannotStart, match="begins with an empty folder"):
        await arguments.run(arguments)


async def test_a_demo_never_speaks_to_telegram(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its technicians live on the practice phone alone."""
    monkeypatch.setenv("CALLOUT_TELEGRAM_API", "https://api.telegram.org")
    arguments = parser().parse_args([*SMALL, str(tmp_path / "data")])
    with pytest.raises(CannotStart, match="practice phone"):
        await arguments.run(arguments)
    assert not (tmp_path / "data").exists()
