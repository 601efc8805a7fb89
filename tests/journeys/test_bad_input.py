"""Bad input gets a clear sentence and changes nothing, whichever service it meets."""

from typing import Any

import pytest

from tests.people import Json
from tests.running import Callout

CLIENT = {"name": "Mr. Ode"}
LINE = {"description": "Work", "quantity": "1", "unit_price": "10.00"}

UNUSABLE: list[tuple[str, str, Any, int, str]] = [
    ("POST", "/api/tasks", {"client": CLIENT}, 422, "title"),
    ("POST", "/api/tasks", {"title": "", "client": CLIENT}, 422, "title"),
    ("POST", "/api/tasks", {"title": "x" * 5000, "client": CLIENT}, 422, "title"),
    ("POST", "/api/tasks", {"title": "a\x00b", "client": CLIENT}, 422, "character"),
    ("POST", "/api/tasks", {"title": 7, "client": CLIENT}, 422, "title"),
    ("POST", "/api/tasks", {"title": "x"}, 422, "client"),
    ("POST", "/api/tasks", {"title": "x", "client": CLIENT, "priority": "whenever"}, 422, "priority"),
    ("POST", "/api/tasks", {"title": "x", "client": CLIENT, "scheduled_at": "tomorrow"}, 422, "scheduled"),
    ("POST", "/api/tasks", {"title": "x", "client": CLIENT, "technician_id": 404}, 422, "technician"),
    ("POST", "/api/tasks", ["not", "an", "object"], 422, ""),
    ("POST", "/api/tasks/999999/dispatch", None, 404, ""),
    ("GET", "/api/tasks/999999", None, 404, ""),
    ("GET", "/api/tasks/99999999999999999999999", None, 404, ""),
    ("PATCH", "/api/tasks/999999", {"title": "x"}, 404, ""),
    ("DELETE", "/api/tasks/999999", None, 404, ""),
    ("GET", "/api/tasks?after=nonsense", None, 422, ""),
    ("GET", "/api/technicians/1", None, 404, ""),
    ("DELETE", "/api/technicians/1", None, 404, ""),
    ("PUT", "/api/telegram/token", {"token": "not a token"}, 422, "token"),
    (
        "PUT",
        "/api/telegram/token",
        {"token": "123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc"},
        422,
        "Unauthorized",
    ),
    ("POST", "/api/invoices", {"task_id": 999999, "lines": [LINE]}, 422, ""),
    ("GET", "/api/invoices/999999", None, 404, ""),
    ("POST", "/api/invoices/999999/dispatch", None, 404, ""),
    ("GET", "/api/reports/tasks/999999", None, 404, ""),
    ("DELETE", "/api/reports/tasks/999999", None, 404, ""),
    ("GET", "/api/audit?after=nonsense", None, 422, ""),
    ("GET", "/api/notifications?after=nonsense", None, 422, ""),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "word"), UNUSABLE)
async def test_it_is_refused_with_a_sentence(
    callout: Callout, method: str, path: str, body: Any, status: int, word: str
) -> None:
    """Problem details, with the status of its kind and a sentence that names what is wrong."""
    before = await everything(callout)
    answered, sentence = await callout.office.refused(method, path, body)
    assert answered == status, sentence
    assert sentence.endswith((".", "…", "?", "!")), sentence
    assert word.lower() in sentence.lower()
    assert "Traceback" not in sentence
    assert await everything(callout) == before


@pytest.mark.parametrize("quantity", ["NaN", "Infinity", "-1", "0", "1E+999999", "1.23456789", "many"])
async def test_a_quantity_that_is_no_amount_is_refused(callout: Callout, quantity: str) -> None:
    """Money is exact, so what can't be counted exactly is not taken."""
    body = {"task_id": 1, "currency": "EUR", "lines": [LINE | {"quantity": quantity}]}
    status, sentence = await callout.office.refused("POST", "/api/invoices", body)
    assert status == 422
    assert sentence


async def test_ten_megabytes_are_refused(callout: Callout) -> None:
    """By every service, before anything is read into a rule."""
    for path in ("/api/tasks", "/api/invoices", "/api/tokens"):
        body: Json = {"title": "x" * 10_000_000, "client": CLIENT}
        assert (await callout.office.refused("POST", path, body))[0] == 413


async def test_what_is_no_json_is_refused(callout: Callout) -> None:
    """With a sentence, not with a fault."""
    for path in ("/api/tasks", "/api/invoices"):
        answer = await callout.office.http.post(
            path, content=b"{not json", headers={"Content-Type": "application/json"}
        )
        assert answer.status_code in (400, 422)
        assert answer.json()["detail"]


async def everything(callout: Callout) -> list[Json]:
    """What a slip would have changed."""
    return [
        (await callout.office.get(path))["items"]
        for path in ("/api/tasks?limit=200", "/api/clients?limit=200", "/api/technicians", "/api/invoices")
    ]
