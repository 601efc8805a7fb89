"""`callout up` where Telegram is to bring the updates."""

import asyncio
import os
import re
import sys
from pathlib import Path

import httpx

from local.phone import BOT_ID, PRACTICE_TOKEN
from tests.people import PATIENCE, Phones

STARTED = 2 * PATIENCE  # a new cluster, and five services


async def up(data: Path, **settings: str) -> asyncio.subprocess.Process:
    named = {f"CALLOUT_{name.upper()}": value for name, value in settings.items()}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "local.cli", "up", "--data", str(data), "--port", "0",
        env=dict(os.environ) | {"CALLOUT_TELEGRAM_WEBHOOK": "true"} | named,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip


async def told(process: asyncio.subprocess.Process, words: str) -> re.Match[str]:
    """Waits for a line with these words."""
    assert process.stdout
    said = b""
    async with asyncio.timeout(STARTED):
        async for line in process.stdout:
            said += line
            if found := re.search(words, line.decode()):
                return found
    raise AssertionError(said.decode())


async def test_the_practice_phone_brings_updates(tmp_path: Path) -> None:
    """Whoever presses Start is welcomed, and nothing is fetched."""
    callout = await up(tmp_path / "data")
    try:
        dashboard = (await told(callout, r"is ready: +(http://\S+)"))[1]
        phone = (await told(callout, r"practice phone: +(http://\S+)"))[1]
        async with httpx.AsyncClient(base_url=phone) as http:
            maya = await Phones(phone, http).person("Maya Haddad")
            await maya.start()
            await maya.sees("Welcome")
            webhook = (await http.get(f"/bot{PRACTICE_TOKEN}/getWebhookInfo")).json()["result"]
        assert webhook["url"] == f"{dashboard}/telegram/updates/{BOT_ID}"
    finally:
        callout.terminate()
        await callout.communicate()
    assert callout.returncode == 0


async def test_telegram_itself_needs_an_address_with_tls(tmp_path: Path) -> None:
    """The start stops with a sentence, since nothing that anybody presses would come in."""
    callout = await up(tmp_path / "data", telegram_api="https://api.telegram.org")
    await told(
        callout, "callout: CALLOUT_TELEGRAM_WEBHOOK needs a CALLOUT_PUBLIC_URL that begins with https://"
    )
    assert await callout.wait() == 1
