"""The board, the table with its filters, and what a search finds, as a browser without scripts uses them."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import httpx

from shared.contract.admin import Role
from shared.contract.task import Action
from shared.web import seal
from tests.tasks.conftest import Office, in_progress, new_task, said
from tests.tasks.examples import BRUNO, YASMIN
from tests.tasks.test_pages import shown


async def test_the_board_shows_each_task_where_it_stands(
    office: Office, browser: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    """With its likely next step, and the columns it may be dropped into."""
    await new_task(admin)
    number = await in_progress(office, admin)
    text = await shown(browser, "/tasks")
    cards = dict(re.findall(r'<article .*?data-task="(\d+)".*?data-drops="([^"]*)"', text))
    assert set(cards["1001"].split()) == {"assigned?", "cancelled"}
    assert "completed" in cards[str(number)].split()
    assert "sent" not in cards[str(number)].split()
    assert {"new!", "assigned!", "rejected!", "cancelled!"} <= set(cards[str(number)].split())
    assert 'href="/tasks/1001/assignment"' in text
    assert f'formaction="/tasks/{number}/status?status=completed"' in text
    menu = await shown(browser, f"/tasks/{number}/menu")
    for label, to in (
        ("Withdraw the offer", "assigned"),
        ("Cancel the task", "cancelled"),
        ("Rejected", "rejected"),
    ):
        link = rf'href="/tasks/{number}/column\?to={to}" data-dialog="#drop-form">[^/]*(<svg.*?</svg>)? ?{label}</a>'
        assert re.search(link, menu), label


async def test_a_column_is_capped_and_leads_to_all_of_it(
    office: Office, browser: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    """Eight cards, who has waited longest first, and how many there are; less than 100 KB with every column full."""
    for _ in range(14):
        await new_task(
            admin, title="A title of some length, as people write them", area="Harbour district, 3rd floor"
        )
    statuses = ("assigned", "rejected", "accepted", "in_progress", "completed", "cancelled")
    sql = (
        "INSERT INTO tasks (number, version, status, status_since, title, description, area, priority, scheduled_at, "
        "client, technician, offer, stands, created_at, updated_at) SELECT t.number + 100 * s.turn, version, s.status, "
        "status_since, title, description, area, priority, scheduled_at, client, $2, 1, true, created_at, updated_at "
        "FROM tasks t, unnest($1::text[]) WITH ORDINALITY AS s(status, turn)"
    )
    await office.service.pool.execute(sql, [*statuses, "sent"], YASMIN)
    answer = await browser.get("/tasks")
    text = unescape(answer.text)
    new = text[text.index('id="column-new"') : text.index('id="column-rejected"')]
    assert new.count("<article") == 8
    assert new.index("#1001") < new.index("#1002")
    assert 'href="/tasks?view=table&status=new"' in new
    assert "All 14" in new
    assert text.count("<article") == 8 * 8
    assert len(answer.content) < 100_000


async def test_a_drop_answers_with_an_undo_where_there_is_one(
    office: Office, browser: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    """In progress → completed can be taken back; a refusal is a sentence, and changes nothing."""
    number = await in_progress(office, admin)
    version = (await said(admin.get(f"/api/tasks/{number}")))["version"]
    script = {"HX-Request": "true", "HX-Target": "toasts"}
    form = {"to": "completed", "version": version, "command_id": uuid4().hex}
    answer = await browser.post(f"/tasks/{number}/column", data=form, headers=script)
    assert answer.status_code == 200
    assert f"Task #{number} is completed now." in answer.text
    assert 'name="status" value="in_progress"' in answer.text
    refusal = await browser.post(f"/tasks/{number}/column", data=form | {"command_id": "2"}, headers=script)
    assert refusal.status_code == 409
    assert "meanwhile" in refusal.json()["detail"]
    answer = await browser.post(f"/tasks/{number}/column", data={"to": "cancelled"}, headers=script)
    assert "is cancelled now" in answer.text
    assert "Undo" not in answer.text  # the technician's message has been taken back
    answer = await browser.post(f"/tasks/{number}/column", data={"to": "accepted"}, headers=script)
    assert (await said(admin.get(f"/api/tasks/{number}")))["status"] == "accepted"

    other = await new_task(admin, technician_id=YASMIN)
    await said(admin.post(f"/api/tasks/{other}/dispatch"))
    await office.tap(other, Action.ACCEPT)
    answer = await browser.post(f"/tasks/{other}/column", data={"to": "in_progress"}, headers=script)
    assert "is in progress now" in answer.text
    assert "Undo" not in answer.text  # the client's data is on its way to the technician


async def test_a_drop_that_undoes_work_is_a_question_on_a_page(
    office: Office, browser: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    """It says what happens, changes nothing, and its form carries it out without a script."""
    number = await in_progress(office, admin)
    text = await shown(browser, f"/tasks/{number}/column?to=new")
    assert f"is at work on #{number}. The message on that phone will say that it was withdrawn" in text
    assert (await said(admin.get(f"/api/tasks/{number}")))["status"] == "in_progress"
    version = re.findall(r'name="version" value="(\d+)"', text)[0]
    command = re.findall(r'name="command_id" value="([^"]+)"', text)[0]
    form = {"to": "new", "version": version, "command_id": command}
    answer = await browser.post(f"/tasks/{number}/column", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/tasks/{number}")
    assert (await said(admin.get(f"/api/tasks/{number}")))["status"] == "new"

    answer = await browser.get(f"/tasks/{number}/column?to=completed")
    assert answer.status_code == 409
    assert "Assign a technician first" in answer.text
    answer = await browser.get(f"/tasks/{number}/column?to=assigned")
    assert answer.headers["location"] == f"/tasks/{number}/assignment"
    async with office.as_role(Role.VIEWER, browser=True) as viewer:
        assert (await viewer.get(f"/tasks/{number}/column?to=cancelled")).status_code == 403


async def test_the_question_says_what_is_true_of_the_task(
    office: Office, browser: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    """From the assignment to the completion, and nothing where a drop takes nothing from anybody."""
    number = await new_task(admin, technician_id=YASMIN)

    async def asked(column: str) -> str:
        return await shown(browser, f"/tasks/{number}/column?to={column}")

    assert f"has not accepted #{number}. It becomes completed all the same" in await asked("completed")
    assert 'class="btn btn-primary" type="submit">Yes, move it' in await asked("cancelled")
    await said(admin.post(f"/api/tasks/{number}/dispatch"))
    assert f"has not answered #{number} yet. Once it is completed" in await asked("completed")
    await office.tap(number, Action.ACCEPT)
    assert f"has accepted #{number}. The message on that phone will say" in await asked("rejected")
    await said(admin.post(f"/api/tasks/{number}/client-info"))
    reassigned = await shown(browser, f"/tasks/{number}/assignment")
    assert f"is at work on #{number}. The message on that phone will say" in reassigned
    assert "the client's data is removed from the chat" in unescape(reassigned)
    await office.tap(number, Action.COMPLETE)
    assert f"#{number} is completed. It becomes rejected" in await asked("rejected")
    assert f"#{number} is completed. " in await asked("sent")
    assert "is asked again whether to take it" in await asked("sent")
    for status in ("cancelled", "accepted"):
        await said(admin.put(f"/api/tasks/{number}/status", json={"status": status}))
    assert "There is no open offer, so no message says so." in await asked("new")


async def test_a_search_finds_the_number_first(
    office: Office, browser: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    """With or without its sign; words, and clients by their name; for viewers too, and never contact data."""
    await new_task(admin)
    await new_task(admin, title="Meter 1001 is wrong")
    async with office.as_role(Role.VIEWER, browser=True) as viewer:
        for typed in ("1001", "%231001"):
            text = await shown(viewer, f"/tasks/search?q={typed}")
            assert re.findall(r'href="/tasks/(\d+)"', text) == ["1001", "1002"]
        assert "Leaking boiler" in await shown(viewer, "/tasks/search?q=boil")
        assert "/clients/1" in await shown(viewer, "/clients/search?q=lind")
        for path in ("/tasks/search?q=nothing", "/tasks/search?q=", "/clients/search?q=storgatan"):
            assert (await shown(viewer, path)).strip() == ""


async def test_the_list_is_narrowed_by_priority_and_days(
    browser: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    """A day counts as a whole, the last one too; what is scheduled is sorted by it, and goes on at the next page."""
    for day in (19, 17, 18):
        await new_task(admin, title=f"On day {day}", scheduled_at=f"2030-05-{day}T22:00:00Z", priority="low")
    await new_task(admin, title="No day", scheduled_at=None)
    text = await shown(browser, "/tasks?view=table&scheduled_from=2030-05-17&scheduled_to=2030-05-18")
    assert text.index("On day 17") < text.index("On day 18")
    assert "On day 19" not in text
    board = await shown(browser, "/tasks?view=board&scheduled_from=2030-05-18&scheduled_to=2030-05-19")
    assert re.findall(r'data-task="(\d+)"', board) == ["1001", "1003"]  # who has waited longest comes first
    first = await shown(browser, "/tasks?scheduled_from=2030-05-17&limit=2")
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following
    assert "On day 19" in await shown(browser, following[1])
    assert "No day" not in await shown(browser, "/tasks?view=table&priority=low")
    today = datetime.now(UTC).date()
    assert "No day" in await shown(browser, f"/tasks?view=table&created_from={today}&created_to={today}")
    tomorrow = today + timedelta(days=1)
    assert "No task fits" in await shown(browser, f"/tasks?view=table&created_from={tomorrow}")
    assert "No task fits" in await shown(browser, f"/tasks?view=table&created_to={today - timedelta(days=1)}")
    await shown(browser, "/tasks?created_from=yesterday", 422)
    page = await said(admin.get("/api/tasks?priority=low&scheduled_to=2030-05-18"))
    assert [task["title"] for task in page["items"]] == ["On day 17", "On day 18"]


async def test_the_view_is_remembered(browser: httpx.AsyncClient) -> None:
    """Whoever chose the table gets it again."""
    assert "callout_tasks_view=table" in (await browser.get("/tasks?view=table")).headers["set-cookie"]
    answer = await browser.get("/tasks")
    assert answer.headers["location"] == "/tasks?view=table"
    assert "callout_tasks_view=board" in (await browser.get("/tasks?view=board")).headers["set-cookie"]


async def test_lists_keep_their_filters_in_the_address(
    office: Office, browser: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    """A link to a filtered page shows the same to a colleague; the next page keeps the filter."""
    await new_task(admin, technician_id=YASMIN)
    await new_task(admin, title="Squeaking door", technician_id=YASMIN)
    filtered = await shown(browser, f"/tasks?status=assigned&technician={YASMIN}&q=squeak")
    assert "Squeaking door" in filtered
    assert "Leaking boiler" not in filtered
    first = await shown(browser, "/tasks?status=assigned&limit=1")
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following
    assert "status=assigned" in following[1]
    assert "Leaking boiler" in await shown(browser, following[1])
    assert "No task fits" in await shown(browser, "/tasks?q=nothing")
    await shown(browser, "/tasks?status=nonsense", 422)


async def test_beyond_a_handful_a_technicians_name_is_typed(
    office: Office, browser: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    """The filter completes it, the choice shows some and finds the others; nobody is out of reach."""
    sql = (
        "INSERT INTO technicians (id, name, status) "
        "SELECT 500 + i, 'Aaron ' || i, 'active' FROM generate_series(1, 600) i"
    )
    await office.service.pool.execute(sql)
    await new_task(admin, technician_id=YASMIN)
    await new_task(admin, title="Nobody's")
    assert 'name="technician" value=""' in await shown(browser, "/tasks")
    assert f"Yasmin Haddad #{YASMIN}" in await shown(browser, "/tasks/technicians/names?technician=yas")
    for typed in (f"Yasmin Haddad %23{YASMIN}", str(YASMIN)):
        text = await shown(browser, f"/tasks?view=table&technician={typed}")
        assert "Leaking boiler" in text
        assert "Nobody's" not in text
        assert f'value="Yasmin Haddad #{YASMIN}"' in text
    assert "Yasmin" not in await shown(browser, "/tasks/new")
    assert "Others are found by their name." in await shown(browser, "/tasks/new")
    assert "Yasmin" in await shown(browser, "/tasks/technicians?technician_name=yasm")


async def test_the_list_is_filtered_and_paged(admin: httpx.AsyncClient) -> None:
    """By status, technician, words and client's name, in the address; pages follow by key."""
    first = await new_task(admin)
    second = await new_task(
        admin, title="Squeaking door", technician_id=YASMIN, client={"name": "Bäckerei Öz"}
    )
    third = await new_task(admin, title="Broken window", technician_id=BRUNO, client=None, client_id=1)

    async def found(**query: Any) -> list[int]:
        return [task["id"] for task in (await said(admin.get("/api/tasks", params=query)))["items"]]

    assert await found() == [third, second, first]
    assert await found(status="assigned") == [third, second]
    assert await found(technician=YASMIN) == [second]
    assert await found(technician=BRUNO, status="new") == []
    assert await found(q="squeak") == [second]
    assert await found(q="lindq") == [third, first]
    assert await found(q="bäcker öz") == [second]
    assert await found(q=f"#{first}") == [first]
    assert await found(q="' OR 1=1 --") == []
    assert await found(q="!!!") == []
    assert await found(technician=2**70) == []
    page = await said(admin.get("/api/tasks", params={"limit": 2}))
    assert [task["id"] for task in page["items"]] == [third, second]
    rest = await said(admin.get("/api/tasks", params={"limit": 2, "after": page["next"]}))
    assert ([task["id"] for task in rest["items"]], rest["next"]) == ([first], None)
    await said(admin.get("/api/tasks", params={"status": "nonsense"}), 422)
    for unknown in ("nonsense", seal(10**30)):
        await said(admin.get("/api/tasks", params={"after": unknown}), 422)
    for moment in ("2030-05-17T11:30:00", "0001-01-01T00:00:00+14:00"):
        by_schedule = {"scheduled_from": "2030-01-01", "after": seal((moment, 1))}
        await said(admin.get("/api/tasks", params=by_schedule), 422)
    await said(admin.get("/api/clients", params={"after": seal(("\0", 1))}), 422)
    await said(admin.get("/api/tasks", params={"technician": "abc"}), 422)
