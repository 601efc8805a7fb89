"""Many who join at once are one notification that names them; each of the first five has its own."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from shared.contract.technician import (
    TechnicianDeleted,
    TechnicianEvent,
    TechnicianRegistered,
    TechnicianReviewed,
)
from tests.conftest import SettingsFor
from tests.notifier.conftest import Running, bearer, hear, running
from tests.notifier.examples import recorded
from tests.people import Json, eventually

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
NAMES = ("Ana", "Ben", "Cleo", "Dora", "Emil", "Farid", "Gwen", "Hugo")
FIVE, OTHERS = NAMES[:5], NAMES[5:]


def technician(name: str) -> int:
    return 100 + NAMES.index(name)


class Door:
    """Through it they come in."""

    def __init__(self, notifier: Running) -> None:
        self.notifier = notifier
        self.versions: dict[str, int] = {}

    async def tell(self, name: str, event: TechnicianEvent, at: datetime) -> None:
        stream = f"technician.{technician(name)}"
        version = self.versions[stream] = self.versions.get(stream, 0) + 1
        sent = replace(recorded(stream, "admin:anna", event, version), at=at)
        await self.notifier.service.bus.publish_events([sent])

    async def join(self, names: Sequence[str], at: datetime = NOON, **more: Any) -> None:
        for second, name in enumerate(names):
            event = TechnicianRegistered(technician(name), name, **more)
            await self.tell(name, event, at + timedelta(seconds=second))

    async def folded(self) -> None:
        async def done() -> bool:
            """everything that was told"""
            rows = await self.notifier.service.pool.fetch("SELECT stream, version FROM cursors")
            return self.versions.items() <= {row["stream"]: row["version"] for row in rows}.items()

        await eventually(done)


async def told(owner: httpx.AsyncClient) -> list[Json]:
    frames: list[Json] = (await owner.get("/api/notifications")).json()["items"]
    return [frame for frame in frames if frame["kind"] == "technician_added"]


async def texts(owner: httpx.AsyncClient) -> list[str]:
    return [frame["text"] for frame in await told(owner)]


TOGETHER = "More new technicians within a minute: Farid, Gwen, and Hugo"


async def test_beyond_five_a_minute_one_notification_names_the_others(
    notifier: Running, owner: httpx.AsyncClient
) -> None:
    """It leads to those who are new; it waits until each of them is answered."""
    door = Door(notifier)
    await door.join(NAMES)
    await door.folded()
    assert await texts(owner) == [*(f"New technician added: {name}" for name in FIVE), TOGETHER]
    together = (await told(owner))[-1]
    assert together["link"] == "/technicians?status=new"
    assert [(action["label"], action["href"]) for action in together["actions"]] == [
        ("Review", "/technicians?status=new")
    ]
    to_do = "/notifications?show=waiting"
    assert TOGETHER in (await owner.get(to_do)).text
    for name in ("Farid", "Hugo"):
        await door.tell(name, TechnicianReviewed(), NOON + timedelta(minutes=5))
    await door.folded()
    assert TOGETHER in (await owner.get(to_do)).text
    await door.tell("Gwen", TechnicianDeleted(), NOON + timedelta(minutes=5))
    await door.folded()
    waiting = (await owner.get(to_do)).text
    assert TOGETHER not in waiting
    assert "New technician added: Emil" in waiting


async def test_it_sounds_once(notifier: Running, owner: httpx.AsyncClient) -> None:
    """Every socket hears of the sixth; who joins after is named by the same notification, and nothing comes twice."""
    door, token = Door(notifier), await notifier.token()
    async with notifier.socket(**bearer(token)) as socket:
        await door.join(NAMES)
        await door.folded()
        await door.tell("Ana", TechnicianDeleted(), NOON)
        heard = await hear(socket, 7)
    assert [frame.kind for frame in heard] == ["technician_added"] * 6 + ["technician_deleted"]
    assert heard[5].id == (await told(owner))[-1]["id"]
    answer = (await owner.get(f"/notifications/waiting?frames=1&ids={heard[0].id},{heard[5].id}")).json()
    assert answer["waiting"] == [heard[5].id]
    assert (answer["frames"][-1]["id"], answer["frames"][-1]["text"]) == (heard[5].id, TOGETHER)


async def test_a_slow_minute_and_the_next_one_are_told_one_by_one(
    notifier: Running, owner: httpx.AsyncClient
) -> None:
    """Five a minute are no crowd; and a crowd ends with its minute."""
    door = Door(notifier)
    await door.join(FIVE)
    await door.join(OTHERS, at=NOON + timedelta(seconds=64))
    await door.folded()
    assert await texts(owner) == [f"New technician added: {name}" for name in NAMES]


async def test_a_rebuild_and_another_replica_come_to_the_same(
    settings_for: SettingsFor, notifier: Running, owner: httpx.AsyncClient
) -> None:
    """The same notifications in the same order, and what was answered stays so."""
    door = Door(notifier)
    await door.join(NAMES)
    for name in OTHERS:
        await door.tell(name, TechnicianReviewed(), NOON + timedelta(minutes=5))
    await door.folded()
    before = await told(owner)
    waiting = await notifier.service.pool.fetch("SELECT id FROM waiting ORDER BY id")
    async with running(settings_for("notifier")) as second:
        await notifier.service.rebuild()
        await Door.folded(door)
        assert await told(owner) == before
        assert await notifier.service.pool.fetch("SELECT id FROM waiting ORDER BY id") == waiting
        token = await second.token()
        answer = await second.browser().get("/api/notifications", headers=bearer(token))
        assert [each["id"] for each in answer.json()["items"]] == [each["id"] for each in before]


async def test_who_joins_a_crowd_that_was_put_aside_waits_again(
    notifier: Running, owner: httpx.AsyncClient
) -> None:
    """Whoever put it aside had not seen them."""
    door = Door(notifier)
    await door.join(NAMES[:6])
    await door.folded()
    sixth = (await told(owner))[-1]
    assert sixth["text"] == "New technician added: Farid"
    await owner.post(f"/notifications/{sixth['id']}/aside", data={"command_id": "one"})
    assert "Farid" not in (await owner.get("/notifications?show=waiting")).text
    await door.join(("Gwen",), at=NOON + timedelta(seconds=10))
    await door.folded()
    assert "Farid and Gwen" in (await owner.get("/notifications?show=waiting")).text


async def test_a_crowd_is_counted_where_it_is_too_long_to_name(
    notifier: Running, owner: httpx.AsyncClient
) -> None:
    """Nobody floods the list; who came back from a deletion is marked among them."""
    sent = []
    for number in range(60):
        event = TechnicianRegistered(1000 + number, f"Name{number}", returned=number == 7)
        at = NOON + timedelta(milliseconds=number)
        sent.append(replace(recorded(f"technician.{1000 + number}", "technician:1", event, 1), at=at))
    await notifier.service.bus.publish_events(sent)

    async def all_told() -> bool:
        """sixty newcomers"""
        return bool(await notifier.service.pool.fetchval("SELECT count(*) = 60 FROM newcomers"))

    await eventually(all_told)
    found = await texts(owner)
    assert len(found) == 6
    assert "Name5, Name6, Name7 (was deleted before), Name8" in found[-1]
    assert found[-1].endswith("Name34, and 25 others")


async def test_who_was_deleted_and_came_back_is_asked_about(
    notifier: Running, owner: httpx.AsyncClient
) -> None:
    """With the day of the deletion, on the site's clock; an event of a version before says nothing of it."""
    door = Door(notifier)
    late = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    site = (await owner.get("/api/site")).json() | {"time_zone": "Africa/Cairo"}
    assert (await owner.put("/api/site", json=site)).is_success
    await door.join(("Ana",), returned=True, deleted_at=late)
    await door.folded()
    (frame,) = await told(owner)
    assert frame["text"] == "Technician Ana was deleted on 3 Mar 2026 and came back: keep them?"
    assert [action["label"] for action in frame["actions"]] == ["Review / edit", "Keep as is"]
    old = msgspec.json.decode(
        b'{"type":"TechnicianRegistered","telegram_id":1,"name":"Ana"}', type=TechnicianRegistered
    )
    assert (old.returned, old.deleted_at) == (False, None)


@pytest.mark.parametrize("order", ["fgahbecd", "hgfedcba", "gahbfced"])
async def test_who_joins_at_once_is_one_crowd(
    notifier: Running, owner: httpx.AsyncClient, order: str
) -> None:
    """Presses of the same moment are told in another order than they were made."""
    door = Door(notifier)
    names = [next(name for name in NAMES if name[0].lower() == letter) for letter in order]
    for name in names:
        at = NOON + timedelta(milliseconds=NAMES.index(name))
        await door.tell(name, TechnicianRegistered(technician(name), name), at)
    await door.folded()
    others = sorted(names[5:])
    together = f"More new technicians within a minute: {others[0]}, {others[1]}, and {others[2]}"
    assert await texts(owner) == [*(f"New technician added: {name}" for name in names[:5]), together]


async def test_a_minute_is_one_however_late_it_is_told(notifier: Running, owner: httpx.AsyncClient) -> None:
    """Six within two minutes are no crowd, whoever is told last."""
    door = Door(notifier)
    seconds = (0, 10, 20, 70, 80, 45)
    for name, second in zip(NAMES, seconds, strict=False):
        await door.tell(name, TechnicianRegistered(technician(name), name), NOON + timedelta(seconds=second))
    await door.folded()
    assert [text for text in await texts(owner) if "within a minute" in text] == []
