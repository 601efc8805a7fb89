"""What looking after the sessions on the bus leaves there: the live ones, and nothing of itself."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import httpx
import pytest
from nats.js.errors import KeyNotFoundError

from notifier import app, sessions
from shared.web import BUCKET, digest
from tests.notifier.conftest import Running, SettingsFor, log_in, running
from tests.people import eventually

STREAM = f"KV_{BUCKET}"


async def test_nobody_reads_on_who_has_looked_once(notifier: Running) -> None:
    """A reader that nobody listens to would be told of every session for as long as the process lives."""

    async def only_the_book_reads() -> bool:
        readers = await notifier.service.bus.js.consumers_info(STREAM)
        return sum(bool(each.push_bound) for each in readers) == 1

    await eventually(only_the_book_reads)


async def test_the_mark_of_an_ended_session_goes_in_time(
    settings_for: SettingsFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays for a while, and is gone when the bucket is looked after later; the live session stays."""
    settings = settings_for("notifier")

    async def held(replica: Running) -> int:
        return int((await replica.service.bus.js.stream_info(STREAM)).state.messages)

    async with running(settings) as first:
        password = await app.first_owner(first.service)
        assert password
        async with first.browser() as staying, first.browser() as leaving:
            await log_in(staying, "owner", password)
            before = await held(first)
            await log_in(leaving, "owner", password)
            await leaving.post("/logout")
            assert await held(first) == before + 1
    monkeypatch.setattr(sessions, "MARKED", timedelta())
    async with running(settings) as second:

        async def only_what_lives() -> bool:
            return await held(second) == before

        await eventually(only_what_lives)


async def test_what_ended_is_known_everywhere_though_nobody_came_to_tell(
    notifier: Running, owner: httpx.AsyncClient
) -> None:
    """Whoever ended a session, or revoked a token, may have died right after the commit."""
    token = await notifier.token()
    pool = notifier.service.pool
    await pool.execute("UPDATE sessions SET ended_at = now()")
    await pool.execute("UPDATE tokens SET revoked_at = now()")
    for secret in (owner.cookies["callout_session"], token):

        async def out(key: str = digest(secret)) -> bool:
            return notifier.service.sessions.get(key) is None

        await eventually(out)


async def test_a_session_that_lives_is_put_back_over_its_mark(
    settings_for: SettingsFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However old the mark is: only PostgreSQL says who has left."""
    settings = settings_for("notifier")
    async with running(settings) as first:
        password = await app.first_owner(first.service)
        assert password
        async with first.browser() as owner:
            await log_in(owner, "owner", password)
            [key] = await first.service.pool.fetchval("SELECT array_agg(key) FROM sessions")
        bucket = await first.service.bus.js.key_value(BUCKET)
        await bucket.delete(key)
    monkeypatch.setattr(sessions, "MARKED", timedelta())
    async with running(settings) as second:
        bucket = await second.service.bus.js.key_value(BUCKET)

        async def there() -> bool:
            with suppress(KeyNotFoundError):
                return bool((await bucket.get(key)).value)
            return False

        await eventually(there)
        await asyncio.sleep(0.5)  # whoever looks after the bucket is done with it
        assert await there()
