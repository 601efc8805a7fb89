"""What the bell in the office has rung for, as far as somebody has to answer it."""

import asyncio

from local.demo.desk import Desk, Unexpected

PATIENCE = 30.0  # seconds until a notification counts as never coming
GLANCE = 0.02


class Bell:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._read_to = ""
        self._completions: dict[str, str] = {}

    async def put_aside_completion(self, clerk: str, task: int) -> None:
        """Nothing is to be billed, so *Create invoice* need not be offered any longer."""
        link = f"/tasks/{task}"
        try:
            async with asyncio.timeout(PATIENCE):
                while link not in self._completions:
                    await self._read(clerk)
        except TimeoutError:
            raise Unexpected(f"nothing rang for the completion of task #{task}") from None
        await self._desk.press(clerk, f"/notifications/{self._completions.pop(link)}/aside")

    async def _read(self, clerk: str) -> None:
        """The notifications that came since the last look, or a moment's wait where there are none."""
        after = f"&after={self._read_to}" if self._read_to else ""
        found = (await self._desk.ask(clerk, "GET", f"/api/notifications?limit=200{after}"))["items"]
        self._completions |= {each["link"]: each["id"] for each in found if each["kind"] == "task_completed"}
        if found:
            self._read_to = found[-1]["id"]
        else:
            await asyncio.sleep(GLANCE)
