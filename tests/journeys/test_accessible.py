"""Every page in Chromium, in each look: for those who read with ears or hands, and on a narrow screen.

axe-core finds nothing serious or critical, nothing is asked of another host, the policy is kept, and the
console stays empty.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page
from playwright.async_api import Request as Asked

from tests.browser import chromium
from tests.people import Json, Office, Phones
from tests.running import Callout

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not AXE.exists(), reason="`make static` has not run"),
    pytest.mark.parametrize("callout", ["one process"], indirect=True, scope="module"),
    pytest.mark.timeout(600),  # each test looks at every page there is
]

PAGES = [
    "/",
    "/tasks",
    "/tasks?view=board",
    "/tasks?q=nothing+fits",
    "/tasks/new",
    "/tasks/{new}",
    "/tasks/{rejected}",
    "/tasks/{completed}",
    "/technicians",
    "/technicians/{technician}",
    "/clients",
    "/clients/new",
    "/clients/{client}",
    "/invoices",
    "/invoices?status=paid",
    "/invoices/new?task={completed}",
    "/invoices/{invoice}",
    "/reports",
    "/reports/{completed}",
    "/audit",
    "/audit?task={rejected}",
    "/notifications",
    "/search",
    "/search?q=Okonkwo",
    "/settings",
    "/settings/hours",
    "/settings/sending",
    "/settings/telegram",
    "/settings/sounds",
    "/admins",
    "/settings/tokens",
    "/settings/sessions",
    "/account",
    "/no-such-page",
]
STRANGERS = ["/login"]

SERIOUS = ("serious", "critical")

VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`))
"""

SETTLED = """
() => !document.querySelector(".htmx-request") && document.getAnimations().every((each) =>
  each.playState !== "running" || each.effect.getTiming().iterations === Infinity)
"""
"""Fragments of other services have come, and colours have faded in."""

RUN_AXE = """
async () => (await axe.run(document, {preload: false, resultTypes: ["violations"]})).violations.map((each) => ({
  rule: each.id, impact: each.impact, help: each.help,
  where: each.nodes.map((node) => node.target.join(" ") + " " + (node.any[0]?.message ?? "")),
}))
"""


TORN = r"""
() => {
  const torn = [];
  for (const cell of document.querySelectorAll("main td")) {
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      for (const word of texts.currentNode.data.matchAll(/[\p{L}\p{N}]{1,20}/gu)) {
        const range = document.createRange();
        range.setStart(texts.currentNode, word.index);
        range.setEnd(texts.currentNode, word.index + word[0].length);
        const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
        if (lines.size > 1) torn.push(word[0]);
      }
    }
  }
  return torn;
}
"""
"""The words of tables that go on in a second line."""


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


@pytest.fixture(scope="module")
async def pages(callout: Callout) -> list[str]:
    """Something in every state, and the address of each page that shows it."""
    office, phones = callout.office, callout.phones
    maya = await phones.person("Maya Lindqvist", "maya_l")
    await maya.start()
    await office.knows(maya)
    new = await office.task(title="Replace smoke detectors", priority="urgent", client={"name": "Mr. Ode"})
    rejected, completed = await office.task(technician_id=maya.id), await office.task(technician_id=maya.id)
    invoice = await _played(office, phones, maya, rejected, completed)
    await office.post("/api/admins", {"login": "vera", "name": "Vera Weiss", "role": "viewer"})
    await office.post("/api/tokens", {"name": "warehouse", "role": "viewer"})
    client = (await office.get(f"/api/tasks/{new}"))["client"]["id"]
    places = {
        "new": new, "rejected": rejected, "completed": completed, "client": client,
        "technician": maya.id, "invoice": invoice,
    }  # fmt: skip
    return [page.format(**places) for page in PAGES]


async def _played(office: Office, phones: Phones, maya: Any, rejected: int, completed: int) -> str:
    """One task is rejected, one is completed and its invoice paid; answers the invoice's number."""
    for number, press, then in ((rejected, "Reject", "rejected"), (completed, "Accept", "accepted")):
        await office.post(f"/api/tasks/{number}/dispatch")
        await maya.presses(await maya.sees(f"#{number}", button=press), press)
        await office.sees_task(number, status=then)
    await office.post(f"/api/tasks/{completed}/client-info")
    await maya.presses(await maya.sees(f"#{completed}", button="Mark as"), "Mark as")
    await office.sees_task(completed, status="completed")
    line = {"description": "Two hours of work", "quantity": "2", "unit_price": "64.50"}
    invoice: Json = {}
    for _ in range(2):
        invoice = await office.bills(completed, {"currency": "EUR", "lines": [line], "tax_percent": "19"})
    for number in (rejected, completed):
        await office.knows_report(number)
    await office.call("PUT", f"/api/invoices/{invoice['id']}/status", {"status": "paid"})
    return str(invoice["id"])


@dataclass
class Look:
    """A window in which whatever goes wrong is noted beside the page on which it did."""

    context: BrowserContext
    page: Page
    host: str
    wrong: list[str] = field(default_factory=list)

    def heard(self, message: ConsoleMessage) -> None:
        missing = "no-such-page" in self.page.url and "status of 404" in message.text
        if message.type == "error" and not missing:
            self.note(f"console: {message.text}")

    def asked(self, request: Asked) -> None:
        if urlsplit(request.url).netloc not in ("", self.host):
            self.note(f"another host: {request.url}")

    def note(self, what: str) -> None:
        self.wrong.append(f"{urlsplit(self.page.url).path}: {what}")

    async def visit(self, path: str) -> None:
        await self.page.goto(path)
        await self.page.wait_for_load_state("load")
        await self.page.wait_for_function(SETTLED)

    async def judge(self) -> None:
        await self.page.evaluate(AXE.read_text(encoding="utf-8"))
        for found in await self.page.evaluate(RUN_AXE):
            if found["impact"] in SERIOUS:
                self.note(
                    f"{found['rule']} ({found['impact']}): {found['help']}\n      "
                    + "\n      ".join(found["where"])
                )


@asynccontextmanager
async def look(
    browser: Browser, callout: Callout, *, width: int = 1440, theme: str = "light", language: str = "en"
) -> AsyncIterator[Look]:
    """As the owner sees it; nothing may be wrong at the end."""
    context = await browser.new_context(
        base_url=callout.url, viewport={"width": width, "height": 900}, reduced_motion="reduce"
    )
    await context.add_init_script(VIOLATIONS)
    await context.add_cookies(
        [
            {"name": "callout_theme", "value": theme, "url": callout.url},
            {"name": "callout_language", "value": language, "url": callout.url},
        ]
    )
    page = await context.new_page()
    seen = Look(context, page, urlsplit(callout.url).netloc)
    page.on("console", seen.heard)
    page.on("pageerror", lambda error: seen.note(f"script: {error}"))
    page.on("request", seen.asked)
    try:
        yield seen
        assert not seen.wrong, "\n" + "\n".join(seen.wrong)
    finally:
        await context.close()


async def log_in(seen: Look, password: str) -> None:
    await seen.page.goto("/login")
    await seen.page.fill("[name=login]", "owner")
    await seen.page.fill("[name=password]", password)
    await seen.page.press("[name=password]", "Enter")
    await seen.page.wait_for_url(lambda url: "/login" not in url)


@pytest.mark.parametrize(("theme", "language"), [("light", "en"), ("dark", "en"), ("light", "ar")])
async def test_axe_finds_nothing_serious(
    callout: Callout, browser: Browser, pages: list[str], theme: str, language: str
) -> None:
    """On no page, whoever asks, in these colours and this language; and the strict policy is kept all the while."""
    async with look(browser, callout, theme=theme, language=language) as seen:
        for path in STRANGERS:
            await seen.visit(path)
            await seen.judge()
        await log_in(seen, callout.password)
        for path in pages:
            await seen.visit(path)
            await seen.judge()


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("width", [390, 1024])
async def test_no_page_scrolls_sideways(
    callout: Callout, browser: Browser, pages: list[str], width: int, language: str
) -> None:
    """On a phone and on a small screen; what is wide scrolls within itself, and no column is too narrow for a word."""
    async with look(browser, callout, width=width, language=language) as seen:
        await seen.visit("/login")
        await log_in(seen, callout.password)
        for path in pages:
            await seen.visit(path)
            reaches = await seen.page.evaluate("document.documentElement.scrollWidth")
            if reaches > width:
                seen.note(f"is {reaches} wide where there are {width}")
            if torn := await seen.page.evaluate(TORN):
                seen.note(f"tears {', '.join(torn)}")
