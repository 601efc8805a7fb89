"""The live feed on real servers: everything once, in order, and what was missed first."""

import asyncio
import re
from functools import partial
from html import unescape
from time import monotonic
from typing import Any

import httpx
import msgspec
import pytest
import websockets

from notifier import sockets
from shared.contract.client import ClientAdded, ClientErased
from shared.contract.task import ClientInfoSent, TaskCreated, TaskDetails, TaskEdited, TaskSent
from shared.contract.technician import TechnicianRegistered
from shared.names import Names
from shared.sentences import notification
from tests.notifier.conftest import (
    Running,
    Said,
    SettingsFor,
    add,
    bearer,
    hear,
    log_in,
    running,
    status,
)
from tests.notifier.examples import EXAMPLES, SAMI, recorded
from tests.people import PATIENCE, eventually, within

ANNA = "admin:anna"


async def tell(notifier: Running, first: int, count: int) -> None:
    for number in range(first, first + count):
        await notifier.publish(f"task.{number}", ANNA, TaskCreated(number, TaskDetails(f"Task {number}"), 7))


async def test_a_notification_reaches_the_screen(notifier: Running) -> None:
    """With its words, its link and its buttons, by cookie-less program or browser alike."""
    async with notifier.socket(**bearer(await notifier.token())) as socket:
        event = await notifier.publish("technician.77", "technician:77", TechnicianRegistered(SAMI, "Sami"))
        await notifier.publish("task.1042", ANNA, TaskCreated(1042, TaskDetails("Tap <drips>"), 7))
        await notifier.publish("task.1042", ANNA, TaskEdited(TaskDetails("Tap"), 7))
        await notifier.publish("task.1042", ANNA, TaskSent(SAMI, 1))
        added, created, sent = await hear(socket, 3)
        assert (added.id, added.kind, added.text) == (
            str(event.id),
            "technician_added",
            "New technician added: Sami",
        )
        assert added.actions == [
            {"label": "Review / edit", "method": "GET", "href": "/technicians/77"},
            {"label": "Keep as is", "method": "POST", "href": "/technicians/77/review"},
        ]
        assert created.text == 'Task "#1042" created: Tap <drips>'
        assert (sent.text, sent.link) == ('Task "#1042" sent to Sami', "/tasks/1042")


async def test_every_example_can_be_told(notifier: Running, owner: httpx.AsyncClient) -> None:
    """Each event of the contract goes through the fold; the page and the list show the same."""
    for stream, actor, event in EXAMPLES:
        if not _own(stream):
            await notifier.publish(stream, actor, event)

    lines = [notification(recorded(*example), Names()) for example in EXAMPLES]
    others = [line for line, (stream, *_) in zip(lines, EXAMPLES, strict=True) if line and not _own(stream)]

    async def all_there() -> bool:
        """a notification of each event that makes one"""
        shown = (await owner.get("/api/notifications?limit=200")).json()["items"]
        return len(shown) == len(others) >= 25

    await eventually(all_there)
    kinds = {each["kind"] for each in (await owner.get("/api/notifications?limit=200")).json()["items"]}
    assert {"task_accepted", "invoice_sent", "delivery_failed", "event_not_applied", "bot_refused"} <= kinds
    page = await owner.get("/notifications")
    assert page.text.count("data-kind=") == len(
        (await owner.get("/api/notifications?limit=200")).json()["items"]
    )


def _own(stream: str) -> bool:
    """Whether the notifier itself tells of it."""
    return stream.startswith(("admin", "site"))


async def test_after_a_break_what_was_missed_comes_first(notifier: Running) -> None:
    """The client names the last that it has."""
    token = bearer(await notifier.token())
    async with notifier.socket(**token) as socket:
        await tell(notifier, 1, 3)
        heard = await hear(socket, 3)
    await tell(notifier, 4, 700)  # more than one batch
    async with notifier.socket(after=heard[0].id, **token) as socket:
        missed = await hear(socket, 702)
        assert [each.text.partition(":")[0] for each in missed] == [
            f'Task "#{number}" created' for number in range(2, 704)
        ]


async def test_joining_in_the_middle_misses_nothing_and_repeats_nothing(notifier: Running) -> None:
    """Sockets come while events pour in; each gets exactly what came after what it had."""
    token = bearer(await notifier.token())
    async with notifier.socket(**token) as first:
        await tell(notifier, 1, 1)
        (begin,) = await hear(first, 1)
        pouring = asyncio.create_task(tell(notifier, 2, 300))

        async def late(wait: float) -> list[str]:
            await asyncio.sleep(wait)
            async with notifier.socket(after=begin.id, **token) as socket:
                return [each.id for each in await hear(socket, 300)]

        seen = await asyncio.gather(*(late(wait / 50) for wait in range(20)))
        everything = [each.id for each in await hear(first, 300)]
        await pouring
        assert len(set(everything)) == 300
        assert all(each == everything for each in seen)


async def test_with_two_replicas_every_socket_gets_everything_once(
    settings_for: SettingsFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of them folds, and wakes the other through the bus: neither looks by itself here."""
    monkeypatch.setattr(sockets, "SAFETY", 10 * PATIENCE)
    async with running(settings_for("notifier")) as one, running(settings_for("notifier")) as two:
        token = bearer(await one.token())

        async def known() -> bool:
            async with two.browser() as browser:
                return (await browser.get("/api/site", headers=token)).status_code == 200

        await eventually(known)
        async with one.socket(**token) as here, two.socket(**token) as there:
            await tell(one, 1, 100)
            async with asyncio.timeout(PATIENCE):
                left, right = await hear(here, 100), await hear(there, 100)
            assert left == right
            assert len({each.id for each in left}) == 100
            for socket in (here, there):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(socket.recv(), 0.3)


async def test_a_foreign_page_cannot_listen(notifier: Running, owner: httpx.AsyncClient) -> None:
    """The cookie alone opens no socket: the origin is looked at before it is accepted."""
    cookie = {"Cookie": f"callout_session={owner.cookies['callout_session']}"}
    for headers in ({}, cookie, {**cookie, "Origin": "https://evil.test"}, {"Origin": notifier.url}):
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with notifier.socket(**headers):
                pass
        assert refused.value.response.status_code == 403
    async with notifier.socket(**cookie, Origin=notifier.url):
        pass


async def test_the_socket_closes_with_its_session(notifier: Running, password: str) -> None:
    """Within a second, with a code that sends the page to the login."""

    async def closes() -> float:
        async with notifier.browser() as owner:
            await log_in(owner, "owner", password)
            cookie = f"callout_session={owner.cookies['callout_session']}"
            async with notifier.socket(Cookie=cookie, Origin=notifier.url) as socket:
                began = monotonic()
                await owner.post("/logout")
                with pytest.raises(websockets.ConnectionClosed) as closed:
                    await asyncio.wait_for(socket.recv(), PATIENCE)
                assert closed.value.rcvd
                assert closed.value.rcvd.code == sockets.ENDED
                return monotonic() - began

    await within(1, closes)


async def test_a_socket_that_does_not_listen_is_dropped(
    notifier: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others do not wait for it: they have heard all before anybody loses patience with it."""
    monkeypatch.setattr(sockets, "PATIENCE", 10 * PATIENCE)
    token = bearer(await notifier.token())
    dropped = sockets.DROPPED._value.get()
    big = TaskDetails("x" * 100_000)
    url = notifier.url.replace("http", "ws") + "/ws"
    async with (
        websockets.connect(url, additional_headers=token, max_queue=1, compression=None) as deaf,
        notifier.socket(**token) as socket,
    ):
        for number in range(1, 121):
            await notifier.publish(f"task.{number}", ANNA, TaskCreated(number, big, 7))
        async with asyncio.timeout(PATIENCE):
            assert len(await hear(socket, 120)) == 120
        assert sockets.DROPPED._value.get() == dropped
        monkeypatch.setattr(sockets, "PATIENCE", 0.5)

        async def gone() -> bool:
            return bool(sockets.DROPPED._value.get() > dropped)

        await eventually(gone)
        deaf.transport.abort()


async def test_an_erased_client_is_forgotten_in_every_notification(
    notifier: Running, owner: httpx.AsyncClient
) -> None:
    """The name stands nowhere but in the table of names."""
    await notifier.publish("client.7", ANNA, ClientAdded("Mrs Haddad"))
    await notifier.publish("task.1042", ANNA, ClientInfoSent(SAMI, 1, 7))

    async def shown() -> bool:
        return "(Mrs Haddad)" in (await owner.get("/notifications")).text

    await eventually(shown)
    await notifier.publish("client.7", ANNA, ClientErased())

    async def forgotten() -> bool:
        page = await owner.get("/notifications")
        return "Haddad" not in page.text and "(client 7)" in page.text

    await eventually(forgotten)
    tables = await notifier.service.pool.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
    )
    for table in tables:
        rows = await notifier.service.pool.fetch(f'SELECT t::text FROM "{table[0]}" t')
        assert not any("Haddad" in row[0] for row in rows), table[0]


async def test_a_rebuild_gives_the_same_notifications_in_the_same_order(
    notifier: Running, owner: httpx.AsyncClient
) -> None:
    """Nothing is told again, and "after this one" stays true."""
    await notifier.publish("technician.77", "technician:77", TechnicianRegistered(SAMI, "Sami"))
    await tell(notifier, 1, 20)

    async def feed() -> list[dict[str, str]]:
        items: list[dict[str, str]] = (await owner.get("/api/notifications?limit=200")).json()["items"]
        return items

    async def complete() -> bool:
        return len(await feed()) == 21

    await eventually(complete)
    before = await feed()
    admins = await notifier.service.pool.fetch("SELECT * FROM admins")
    async with notifier.socket(**bearer(await notifier.token())) as socket:
        await notifier.service.rebuild()
        await eventually(complete)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), 0.3)
    assert await feed() == before
    assert await notifier.service.pool.fetch("SELECT * FROM admins") == admins
    assert (await owner.get(f"/api/notifications?after={before[-1]['id']}")).json() == {
        "items": [],
        "next": None,
    }


async def test_the_bell_counts_what_was_not_looked_at(notifier: Running, owner: httpx.AsyncClient) -> None:
    """For each admin. Fetching the page changes nothing, as a browser may do that by itself; its button does.
    A page of earlier ones has none: it doesn't show what is new."""
    await tell(notifier, 1, 3)
    await eventually(partial(rings, owner, 3))
    assert (await owner.get("/notifications")).text.count("callout-unread") == 3
    page = (await owner.get("/notifications")).text
    assert page.count("callout-unread") == 3
    assert 'action="/notifications/seen"' in page
    [earlier] = re.findall('rel="next" href="(.+?)"', (await owner.get("/notifications?limit=1")).text)
    page = (await owner.get(unescape(earlier))).text
    assert "callout-unread" in page
    assert 'action="/notifications/seen"' not in page
    assert await rings(owner, 3)
    back = {"Referer": f"{notifier.url}/notifications"}
    answer = await owner.post("/notifications/seen", headers=back)
    assert (answer.status_code, answer.headers["location"]) == (303, "/notifications")
    assert 'id="unseen"' not in (await owner.get("/notifications/bell")).text
    assert 'action="/notifications/seen"' not in (await owner.get("/notifications")).text


async def test_what_was_before_somebody_came_is_no_news_to_them(
    notifier: Running, owner: httpx.AsyncClient
) -> None:
    """A new admin begins with a silent bell, and hears of what happens from then on."""
    await tell(notifier, 1, 3)
    await eventually(partial(rings, owner, 3))
    async with notifier.browser() as dan:
        await log_in(dan, "dan", await add(owner, "dan"))
        assert 'id="unseen"' not in (await dan.get("/notifications/bell")).text
        assert "callout-unread" not in (await dan.get("/notifications")).text
        await tell(notifier, 4, 2)
        await eventually(partial(rings, dan, 2))
    assert await rings(owner, 5)


async def rings(browser: httpx.AsyncClient, count: int) -> bool:
    return f'id="unseen">{count}</span>' in (await browser.get("/notifications/bell")).text


async def test_the_list_pages_by_key(notifier: Running, owner: httpx.AsyncClient) -> None:
    """Forward in the API, backward on the page, each notification once."""
    await tell(notifier, 1, 25)
    await eventually(partial(status, partial(owner.get, "/api/notifications"), 200))

    async def complete() -> bool:
        return len((await owner.get("/api/notifications?limit=200")).json()["items"]) == 25

    await eventually(complete)
    seen, after = [], ""
    while True:
        answer = (await owner.get(f"/api/notifications?limit=10{after}")).json()
        seen += [each["id"] for each in answer["items"]]
        if not answer["next"]:
            break
        after = f"&after={answer['next']}"
    assert len(seen) == len(set(seen)) == 25
    first = (await owner.get("/notifications?limit=10")).text
    assert first.index('Task "#25" created'.replace('"', "&#34;")) < first.index(
        'Task "#16" created'.replace('"', "&#34;")
    )
    second = (await owner.get(first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&"))).text
    assert 'Task "#15" created'.replace('"', "&#34;") in second
    assert 'Task "#16" created'.replace('"', "&#34;") not in second
    assert (await owner.get("/api/notifications?after=nonsense")).status_code == 422
    assert (await owner.get("/notifications?after=nonsense")).status_code == 422


async def test_who_was_ahead_with_another_replica_hears_nothing_twice(
    notifier: Running, owner: httpx.AsyncClient
) -> None:
    """A hub that has not looked yet would bring what the client got elsewhere."""
    last = await notifier.publish("task.1", ANNA, TaskCreated(1, TaskDetails("Tap"), 7))

    async def there() -> bool:
        return (await owner.get(f"/api/notifications?after={last.id}")).status_code == 200

    await eventually(there)
    slow = sockets.Hub(notifier.service.pool, notifier.service.bus, notifier.service.sessions)
    slow._position = 0
    sent: list[str] = []

    async def send(message: Any) -> None:
        if message["type"] == "websocket.send":
            sent.append(msgspec.json.decode(message["text"], type=Said).text)

    async def receive() -> Any:
        await asyncio.Event().wait()

    serving = asyncio.create_task(slow.serve("key", last.id, receive, send))
    await asyncio.sleep(0.05)
    working = asyncio.create_task(slow.run())
    await slow.announce([])
    await notifier.publish("task.2", ANNA, TaskCreated(2, TaskDetails("Sink"), 7))

    async def heard() -> bool:
        return bool(sent)

    await asyncio.sleep(0.3)
    await slow.announce([])
    await eventually(heard)
    serving.cancel()
    working.cancel()
    await asyncio.gather(serving, working, return_exceptions=True)
    assert sent == ['Task "#2" created: Sink']
