"""`make screenshots`: the pictures of docs/screenshots/, taken of a demo month in Chromium.

make screenshots                      fills a folder of its own first, which takes some minutes
make screenshots ARGS="--data DIR"    of a demo month that is there
"""

import argparse
import asyncio
import re
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
from playwright.async_api import Browser

from tests.browser import chromium

PICTURES = Path(__file__).parent.parent / "docs" / "screenshots"
CALLOUT = (sys.executable, "-m", "local.cli")


class Picture(NamedTuple):
    name: str
    path: str
    width: int = 1440
    theme: str = "light"
    language: str = "en"


WANTED = (
    Picture("overview", "/"),
    Picture("overview-dark", "/", theme="dark"),
    Picture("overview-arabic", "/", language="ar"),
    Picture("board", "/tasks?view=board"),
    Picture("board-phone", "/tasks?view=board", width=390),
    Picture("task", "/tasks/{in_progress}"),
    Picture("task-phone", "/tasks/{in_progress}", width=390, theme="dark"),
    Picture("technicians", "/technicians"),
    Picture("invoices", "/invoices"),
    Picture("report", "/reports/{completed}"),
)


async def main() -> None:
    parser = argparse.ArgumentParser(description="Takes the pictures of docs/screenshots/.")
    parser.add_argument("--data", type=Path, help="a data folder that `callout demo` filled")
    data: Path | None = parser.parse_args().data
    with tempfile.TemporaryDirectory(prefix="callout-screenshots-") as folder:
        if data is None:
            data = Path(folder) / "demo"
            subprocess.run([*CALLOUT, "demo", "--data", str(data)], check=True)
        async with _up(data) as address, _office(data, address) as office, chromium() as browser:
            await _take(browser, address, office)


async def _take(browser: Browser, address: str, office: httpx.AsyncClient) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    password = (await office.post("/api/admins/owner/password")).raise_for_status().json()["password"]
    places = {status: await _newest(office, status) for status in ("in_progress", "completed")}
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"{address}/login")
    await page.get_by_label("Login").fill("owner")
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Log in").click()
    await page.wait_for_url(f"{address}/")
    for name, path, width, theme, language in WANTED:
        await context.add_cookies(
            [
                {"name": "callout_theme", "value": theme, "url": address},
                {"name": "callout_language", "value": language, "url": address},
            ]
        )
        await page.set_viewport_size({"width": width, "height": 900})
        await page.goto(address + path.format(**places), wait_until="networkidle")
        await page.screenshot(path=PICTURES / f"{name}.png")
        print(f"docs/screenshots/{name}.png")
    await context.close()


async def _newest(office: httpx.AsyncClient, status: str) -> int:
    answer = await office.get("/api/tasks", params={"status": status})
    number: int = answer.raise_for_status().json()["items"][0]["id"]
    return number


@asynccontextmanager
async def _up(data: Path) -> AsyncIterator[str]:
    """Callout on that folder, on any free port."""
    process = await asyncio.create_subprocess_exec(
        *CALLOUT, "up", "--data", str(data), "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    try:
        async with asyncio.timeout(120):
            async for line in process.stdout:
                if found := re.search(rb"ready:\s+(\S+)", line):
                    break
            else:
                raise RuntimeError("Callout did not start")
        yield found[1].decode()
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def _office(data: Path, address: str) -> AsyncIterator[httpx.AsyncClient]:
    """Whoever asks with a new token."""
    token = subprocess.run(
        [*CALLOUT, "token", "create", "screenshots", "--role", "owner", "--data", str(data)],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    async with httpx.AsyncClient(base_url=address, headers={"Authorization": f"Bearer {token}"}) as office:
        yield office


if __name__ == "__main__":
    asyncio.run(main())
