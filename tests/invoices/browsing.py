"""A browser without a script, as far as the tests of invoices' pages need it."""

import html
import re

import httpx

from tests.invoices.examples import LEAKING_BOILER

FORM = {
    "task_id": str(LEAKING_BOILER),
    "currency": "EUR",
    "tax_percent": "19",
    "due_on": "2999-12-31",
    "lines.0.description": "Circulation pump",
    "lines.0.quantity": "1",
    "lines.0.unit_price": "389.00",
    "lines.1.description": "",
    "lines.1.quantity": "",
    "lines.1.unit_price": "",
    "lines.2.description": "Labour, hours",
    "lines.2.quantity": "2.5",
    "lines.2.unit_price": "78.00",
}


async def made(anna: httpx.AsyncClient, **changes: str) -> str:
    """The path of a new invoice."""
    answer = await anna.post("/invoices", data=FORM | changes)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def fields(page: str) -> dict[str, str]:
    """Name → value of the page's text fields and its chosen options."""
    found = {}
    for tag in re.findall(r"<input[^>]*>", page):
        marks = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if "name" in marks:
            found[marks["name"]] = html.unescape(marks.get("value", ""))
    for name, options in re.findall(r'<select[^>]*name="(\w+)".*?>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="(\w+)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def version(page: str) -> str:
    match = re.search(r'name="version" value="(\d+)"', page)
    assert match
    return match[1]
