"""Somebody's place in the office: a login, and the HTTP API in the same process."""

import asyncio
from collections.abc import Sequence
from typing import Any, Self

import httpx

from local.stack import Stack
from shared.service import Service
from shared.web import COOKIE, digest

HOST = "http://callout.demo"

Json = dict[str, Any]


class Unexpected(Exception):
    """A step of the story was answered in another way than the story knows."""


class Desk:
    """As many people as there are logins may sit here, one after the other or at once."""

    def __init__(self, stack: Stack, services: Sequence[Service]) -> None:
        """services  those that will be asked: a login is complete when each of them knows of it"""
        self._stack = stack
        self._services = services
        self._passwords: dict[str, str] = {}
        self._open: dict[str, httpx.AsyncClient] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for login in list(self._open):
            await self._open.pop(login).aclose()

    def give_password(self, login: str, password: str) -> None:
        self._passwords[login] = password

    async def log_in(self, login: str) -> None:
        transport = httpx.ASGITransport(app=self._stack)  # type: ignore[arg-type]  # the same, in other words
        self._open[login] = http = httpx.AsyncClient(
            transport=transport, base_url=HOST, headers={"Origin": HOST}, timeout=30
        )
        typed = {"login": login, "password": self._passwords[login]}
        answer = await http.post("/login", data=typed)
        if answer.status_code != httpx.codes.SEE_OTHER:
            raise Unexpected(f"{login} could not log in: {answer.status_code} {answer.text[:300]}")
        key = digest(http.cookies[COOKIE])
        while not all(service.sessions.get(key) for service in self._services):
            await asyncio.sleep(0.005)

    async def log_out(self, login: str) -> None:
        """After a last look at what there was."""
        http = self._open.pop(login)
        await http.get("/notifications")
        await http.post("/notifications/seen")
        await http.post("/logout")
        await http.aclose()

    async def ask(self, login: str, method: str, path: str, body: Any = None) -> Json:
        """Does it, and answers what was answered; anything but success ends the play."""
        answer = await self._open[login].request(method, path, json=body)
        if not answer.is_success:
            raise Unexpected(f"{method} {path} by {login}: {answer.status_code} {answer.text}")
        found: Json = answer.json() if answer.content else {}
        return found

    async def press(self, login: str, path: str) -> None:
        """A button on a page, which leads back to a page."""
        answer = await self._open[login].post(path)
        if answer.status_code != httpx.codes.SEE_OTHER:
            raise Unexpected(f"POST {path} by {login}: {answer.status_code} {answer.text}")
