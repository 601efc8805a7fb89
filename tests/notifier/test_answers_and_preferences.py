"""What waits for an answer and what answers it; live sockets; colours, language and static files."""

import re
from typing import Any

import httpx
import msgspec
import pytest
import websockets

from notifier import sockets
from notifier.feed import actions, answers, waits_about
from shared.contract import AnyEvent
from shared.contract.bot import BotConnected, BotRefused
from shared.contract.delivery import DeliveryFailed, Purpose, Trouble
from shared.contract.invoice import InvoiceStatus, InvoiceStatusChanged
from shared.contract.task import (
    ClientInfoSent,
    RejectionExplained,
    RejectionTakenBack,
    TaskAccepted,
    TaskAssigned,
    TaskCompleted,
    TaskCreated,
    TaskDetails,
    TaskEdited,
    TaskRejected,
)
from shared.contract.technician import TechnicianRegistered, TechnicianReviewed
from shared.web.pages import asset
from tests.notifier.conftest import Running, bearer, log_in
from tests.notifier.examples import EXAMPLES, SAMI, recorded
from tests.people import Json, eventually

ANNA = "admin:anna"


def failed(purpose: Purpose, trouble: Trouble = Trouble.REFUSED, **of: int) -> DeliveryFailed:
    return DeliveryFailed(purpose, SAMI, trouble, "…", **of)


@pytest.mark.parametrize(
    ("stream", "asking", "answering", "answered"),
    [
        ("task.1", TaskRejected(SAMI, 1), ("task.1", TaskAssigned(78)), True),
        ("task.1", TaskRejected(SAMI, 1), ("task.1", RejectionExplained(SAMI, 1, "too far")), False),
        ("task.1", TaskRejected(SAMI, 1), ("task.1", RejectionTakenBack(SAMI, 1)), True),
        ("task.1", TaskRejected(SAMI, 1), ("task.1", TaskEdited(TaskDetails("Tap"), 7)), False),
        ("task.1", TaskRejected(SAMI, 1), ("task.2", TaskAssigned(78)), False),
        ("task.1", TaskAccepted(SAMI, 1), ("task.1", ClientInfoSent(SAMI, 1, 7)), True),
        ("task.1042", TaskCompleted(SAMI, 1), ("invoice.3", "InvoiceCreated"), True),
        ("technician.77", TechnicianRegistered(SAMI, "Sami"), ("technician.77", TechnicianReviewed()), True),
        ("delivery.1", failed(Purpose.TASK_INFO, task=1), ("task.1", TaskAssigned(78)), True),
        (
            "delivery.1",
            failed(Purpose.INVOICE, task=1, invoice=3),
            ("invoice.3", InvoiceStatusChanged(1, InvoiceStatus.PENDING, InvoiceStatus.PAID)),
            True,
        ),
        ("bot.5", BotRefused("old_bot", "Unauthorized"), ("bot.6", BotConnected(6, "new_bot", "New")), True),
    ],
)
def test_what_answers_what(
    stream: str, asking: AnyEvent, answering: tuple[str, AnyEvent | str], answered: bool
) -> None:
    """A notification waits until an event about the same thing deals with it."""
    where, event = answering
    if isinstance(event, str):
        event = next(each for _, _, each in EXAMPLES if type(each).__name__ == event)
    kinds = {
        TaskRejected: "task_rejected",
        TaskAccepted: "task_accepted",
        TaskCompleted: "task_completed",
        TechnicianRegistered: "technician_added",
        DeliveryFailed: "delivery_failed",
        BotRefused: "bot_refused",
    }
    about = waits_about(recorded(stream, ANNA, asking), kinds[type(asking)])
    assert about is not None
    assert (answers(recorded(where, ANNA, event)) == about) == answered


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (failed(Purpose.TASK_INFO, task=1), [("POST", "/tasks/1/dispatch")]),
        (failed(Purpose.TASK_INFO, Trouble.BLOCKED, task=1), [("GET", "/tasks/1/assignment")]),
        (failed(Purpose.CLIENT_INFO, task=1), [("POST", "/tasks/1/client-info")]),
        (failed(Purpose.INVOICE, task=1, invoice=3), [("POST", "/invoices/3/dispatch")]),
        (failed(Purpose.INVOICE, Trouble.DEACTIVATED, task=1, invoice=3), []),
        (failed(Purpose.RETRACTION, task=1), [("GET", "/tasks/1")]),
        (failed(Purpose.REPLY), []),
    ],
)
def test_a_failed_delivery_offers_what_can_help(
    event: DeliveryFailed, expected: list[tuple[str, str]]
) -> None:
    """Sending again, unless that would fail again."""
    offered = actions(recorded("delivery.1", "service:bot-gateway", event), "delivery_failed")
    assert [(action.method, action.href) for action in offered] == expected


async def waiting(owner: httpx.AsyncClient) -> list[str]:
    page = (await owner.get("/notifications?show=waiting")).text
    return re.findall(r'data-id="([0-9a-f-]+)"', page)


async def test_the_list_shows_what_waits_until_it_is_answered_or_put_aside(
    notifier: Running, owner: httpx.AsyncClient
) -> None:
    """A rebuild finds the same; what was put aside stays there."""
    await notifier.publish("task.1", "technician:77", TaskRejected(SAMI, 1))
    accepted = await notifier.publish("task.2", "technician:77", TaskAccepted(SAMI, 1))
    added = await notifier.publish("technician.77", "technician:77", TechnicianRegistered(SAMI, "Sami"))
    await notifier.publish("task.1", ANNA, TaskAssigned(78))

    async def two() -> bool:
        return await waiting(owner) == [str(added.id), str(accepted.id)]

    await eventually(two)
    asked = f"/notifications/waiting?ids={accepted.id},{added.id}"
    assert set((await owner.get(asked)).json()["waiting"]) == {str(accepted.id), str(added.id)}
    assert "2 to do" in (await owner.get("/notifications/bell")).text
    assert (await owner.post(f"/notifications/{added.id}/aside")).status_code == 303
    assert await waiting(owner) == [str(accepted.id)]
    assert (await owner.get(asked)).json()["waiting"] == [str(accepted.id)]
    await notifier.service.rebuild()

    async def the_same() -> bool:
        return await waiting(owner) == [str(accepted.id)]

    await eventually(the_same)
    assert (await owner.get("/notifications/waiting?ids=nonsense")).status_code == 422


def live(notifier: Running, token: str, after: str = "") -> websockets.connect:
    url = notifier.url.replace("http", "ws") + f"/ws?live=1{after and '&after='}{after}"
    return websockets.connect(url, additional_headers=bearer(token), compression=None)


async def until(socket: websockets.ClientConnection, kind: str) -> list[Json]:
    """Everything up to the first frame of this kind, which comes last."""
    frames: list[Json] = []
    while not frames or frames[-1]["kind"] != kind:
        frames.append(msgspec.json.decode(await socket.recv()))
    return frames


async def test_a_live_socket_hears_of_every_change_and_when_it_has_caught_up(notifier: Running) -> None:
    """Also of what makes no notification; of very many that were missed, the newest and how many there were."""
    token = await notifier.token()
    async with live(notifier, token) as socket:
        assert await until(socket, "live") == [{"kind": "live", "missed": 0, "last": None}]
        await notifier.publish("task.1", ANNA, TaskEdited(TaskDetails("Tap"), 7))
        assert await until(socket, "changed") == [{"kind": "changed"}]
        await notifier.publish("task.2", ANNA, TaskCreated(2, TaskDetails("Tap"), 7))
        first = (await until(socket, "task_created"))[-1]
        await socket.send("ping")
        await until(socket, "pong")
    for number in range(3, 3 + sockets.MOST_MISSED + 20):
        await notifier.publish(f"task.{number}", ANNA, TaskCreated(number, TaskDetails("Tap"), 7))
    last = number

    async def all_there() -> bool:
        return bool(await notifier.service.pool.fetchval("SELECT count(*) FROM arrivals") == last - 1)

    await eventually(all_there)
    missed = {"kind": "live", "missed": sockets.MOST_MISSED + 20, "last": None}

    async def caught_up() -> list[Any]:
        """Once the hub has heard of all of them."""
        async with live(notifier, token, first["id"]) as socket:
            heard: list[Any] = await until(socket, "live")
        return heard if heard[-1] == missed else []

    frames = await eventually(caught_up)
    assert len(frames) == sockets.MOST_MISSED + 1
    assert f"#{last}" in frames[-2]["text"]


async def test_each_socket_speaks_its_readers_language(notifier: Running, owner: httpx.AsyncClient) -> None:
    """Two people at the same news."""
    cookie = f"callout_session={owner.cookies['callout_session']}"
    async with (
        notifier.socket(Cookie=cookie, Origin=notifier.url) as english,
        notifier.socket(Cookie=f"{cookie}; callout_language=ar", Origin=notifier.url) as arabic,
    ):
        await notifier.publish("technician.77", "technician:77", TechnicianRegistered(SAMI, "Sami"))
        said: list[Any] = [msgspec.json.decode(await each.recv()) for each in (english, arabic)]
    assert said[0]["text"] == "New technician added: Sami"
    assert said[0]["id"] == said[1]["id"]


async def test_colours_and_language_are_kept_for_the_browser(notifier: Running, password: str) -> None:
    """Before the login too; another site can't set them, and nothing but what is offered is taken."""
    async with notifier.browser() as browser:
        page = await browser.get("/login")
        assert 'data-theme="auto"' in page.text
        back = {"Referer": f"{notifier.url}/login?next=/tasks"}
        answer = await browser.post("/preferences", data={"theme": "dark"}, headers=back)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/tasks")
        assert 'data-bs-theme="dark"' in (await browser.get("/login")).text
        await browser.post("/preferences", data={"theme": "<script>", "language": "xx"})
        assert 'data-bs-theme="dark"' in (await browser.get("/login")).text
        foreign = {"Referer": "https://evil.example/login"}
        answer = await browser.post("/preferences", data={"theme": "light"}, headers=foreign)
        assert answer.headers["location"] == "/"
        await log_in(browser, "owner", password)
        answer = await browser.post(
            "/preferences", data={"theme": "dark"}, headers={"Origin": "https://evil.example"}
        )
        assert answer.status_code == 403


async def test_from_a_refused_form_the_way_leads_to_where_it_stands(owner: httpx.AsyncClient) -> None:
    """What answered a form can't be asked for again: there is no page at its address."""
    url = str(owner.base_url).rstrip("/")
    wrong = {"old": "x", "new": "y" * 12, "again": "z" * 12}
    shown = await owner.post(
        "/account/password", data=wrong, headers={"Referer": f"{url}/account?done=session"}
    )
    assert 'name="next" value="/account?done=session"' in shown.text
    typed = {"language": "ar", "next": "/account?done=session"}
    answer = await owner.post("/preferences", data=typed, headers={"Referer": f"{url}/account/password"})
    assert answer.headers["location"] == "/account?done=session"
    for foreign in ("https://evil.example/", "//evil.example", "/\\evil.example", "//["):
        answer = await owner.post("/preferences", data={"theme": "dark", "next": foreign})
        assert answer.headers["location"] == "/"


async def test_static_files_are_kept_for_ever_under_their_hash_alone(notifier: Running) -> None:
    """A module's address carries the hash of all modules, so what it imports is of the same version."""
    async with notifier.browser() as browser:
        main = asset("callout/main.js")
        for address in (main, main.replace("main.js", "feed.js"), asset("callout.css")):
            answer = await browser.get(address)
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
        for address in ("/static/~0123456789ab/callout/main.js", "/static/callout/main.js"):
            assert (await browser.get(address)).headers["cache-control"] == "no-cache"
        for imported in re.findall(r'from "\./(\w+\.js)"', (await browser.get(main)).text):
            assert (await browser.get(main.replace("main.js", imported))).status_code == 200
