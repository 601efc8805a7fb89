"""A dashboard in Chromium, with an ear at its loudspeaker and a hand on whether it can be seen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.people import eventually

SPY = """
    window.struck = [];
    const start = AudioScheduledSourceNode.prototype.start;
    AudioScheduledSourceNode.prototype.start = function (at) {
      window.struck.push(Math.round(this.frequency.value));
      return start.call(this, at);
    };
    Object.defineProperty(document, "hidden", { get: () => window.away === true });
"""
"""Notes every tone that is begun. Headless pages can all be seen, so a test says by `away` which one is not."""


@dataclass
class Dashboard:
    """One browser with an owner's cookie; its tabs share what the browser keeps."""

    url: str
    context: BrowserContext
    complaints: list[str] = field(default_factory=list)

    async def tab(self, path: str = "/notifications", *, clicked: bool = True) -> Page:
        """A new tab, live. clicked: the browser has been touched there, so it lets sound out."""
        page = await self.context.new_page()
        page.on("console", lambda said: self._note(said.type, said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await page.goto(self.url + path)
        await expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        if clicked:
            await page.mouse.click(700, 2)
            await expect(page.locator("#sound")).to_have_attribute("data-state", "on")
        return page

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)


@asynccontextmanager
async def dashboard(browser: Browser, url: str, cookie: str, **more: Any) -> AsyncIterator[Dashboard]:
    """At the end, no page may have complained."""
    context = await browser.new_context(**more)
    await context.add_cookies([{"name": "callout_session", "value": cookie, "url": url}])
    await context.add_init_script(SPY)
    opened = Dashboard(url, context)
    yield opened
    await context.close()
    assert not opened.complaints, opened.complaints


async def struck(page: Page) -> list[int]:
    """The frequencies of all tones so far, in hertz."""
    found: list[int] = await page.evaluate("window.struck")
    return found


async def hide(page: Page, *, away: bool = True) -> None:
    await page.evaluate(
        "away => { window.away = away; document.dispatchEvent(new Event('visibilitychange')); }", away
    )


async def told(page: Page, words: str) -> None:
    await expect(page.locator(".toast", has_text=words)).to_have_count(1)


async def heard(page: Page, count: int) -> None:
    async def look() -> bool:
        return len(await struck(page)) >= count

    look.__doc__ = f"{count} tones"
    await eventually(look)
