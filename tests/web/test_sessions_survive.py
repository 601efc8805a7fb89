"""The copy of the sessions in memory, through all that can happen to the bus."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic, time

import msgspec
import pytest
from nats.js.api import KeyValueConfig

from local.servers import Servers
from shared.bus import Bus
from shared.contract.admin import Role
from shared.refusal import Refused, Why
from shared.web import BUCKET, FILLED, Session, SessionBook, digest, sessions
from shared.web.session_hints import Marker, minted
from tests.people import PATIENCE, eventually, took, within

ANNA = Session("anna", "Anna", Role.DISPATCHER)
BO = Session("bo", "Bo", Role.VIEWER)
KEY, OTHER = digest("anna's secret"), digest("bo's secret")


class Watched:
    """A book that is read in the background, and the hand that writes the bucket as the notifier does."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.book = SessionBook(bus, "tests")

    async def make(
        self, *entries: tuple[str, Session], filled: bool = True, marker: Marker | None = None
    ) -> None:
        await self.bus.js.create_key_value(KeyValueConfig(bucket=BUCKET, history=1))
        for key, session in entries:
            await self.put(key, session)
        if filled:
            await self.mark(marker)

    async def put(self, key: str, session: Session) -> None:
        await (await self.bus.js.key_value(BUCKET)).put(key, msgspec.json.encode(session))

    async def mark(self, marker: Marker | None = None) -> None:
        said = msgspec.json.encode(marker) if marker else b"{}"
        await (await self.bus.js.key_value(BUCKET)).put(FILLED, said)

    async def delete(self, key: str) -> None:
        await (await self.bus.js.key_value(BUCKET)).delete(key)

    async def until(self, key: str, session: Session | None) -> None:
        async def so() -> bool:
            return self.book.get(key) == session

        await eventually(so)

    async def stays(self, key: str, session: Session | None, seconds: float) -> None:
        until = monotonic() + seconds
        while monotonic() < until:
            assert self.book.get(key) == session
            await asyncio.sleep(0.02)


@pytest.fixture
async def watched(clean: Servers) -> AsyncIterator[Watched]:
    bus = Bus("tasks", clean.nats_url())
    await bus.start()
    made = Watched(bus)
    running = asyncio.create_task(made.book.run())
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    with suppress(Exception):
        await bus.stop()


async def test_a_late_start_waits_for_the_bucket(watched: Watched) -> None:
    """Nobody is known before the notifier has filled it; then everybody is."""
    await asyncio.sleep(0.5)
    assert not watched.book.filled
    await watched.make((KEY, ANNA), filled=False)
    await watched.stays(KEY, None, 1.5)
    assert not watched.book.filled
    await watched.mark()
    await watched.until(KEY, ANNA)
    assert watched.book.filled


async def test_beginning_and_ending_are_known_at_once(watched: Watched) -> None:
    """Within a fraction of a second, each way; a changed role too."""
    await watched.make((OTHER, BO))
    await watched.until(OTHER, BO)

    async def each_way() -> float:
        """The longest of them."""
        await watched.put(KEY, ANNA)
        began = await took(watched.until(KEY, ANNA))
        viewer = msgspec.structs.replace(ANNA, role=Role.VIEWER)
        await watched.put(KEY, viewer)
        changed = await took(watched.until(KEY, viewer))
        await watched.delete(KEY)
        return max(began, changed, await took(watched.until(KEY, None)))

    await within(0.3, each_way)
    assert watched.book.get(OTHER) == BO


async def test_an_entry_ends_by_itself(watched: Watched) -> None:
    """Each carries its end, so nobody needs to tell."""
    await watched.make((OTHER, BO))
    await watched.until(OTHER, BO)
    end = datetime.now(UTC) + timedelta(seconds=3)
    soon = msgspec.structs.replace(ANNA, expires=end)
    await watched.put(KEY, soon)
    await watched.until(KEY, soon)
    await watched.until(KEY, None)
    assert datetime.now(UTC) >= end


async def test_a_session_that_began_a_moment_ago_is_waited_for(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The redirect after the login may be faster than the bus; a stranger waits half a second for nothing."""
    await watched.make((OTHER, BO))
    await watched.until(OTHER, BO)
    with monkeypatch.context() as patient:
        patient.setattr(sessions, "NEW_SESSION", PATIENCE)
        finding = asyncio.create_task(watched.book.find(KEY))
        await asyncio.sleep(0.1)
        await watched.put(KEY, ANNA)
        assert await finding == ANNA

    async def nobody() -> float:
        began = monotonic()
        assert await watched.book.find(digest("nobody's secret")) is None
        assert monotonic() - began > 0.3
        return monotonic() - began

    await within(1, nobody)


async def test_while_nats_is_down_everybody_stays_known(watched: Watched, clean: Servers) -> None:
    """And what changed since is known soon after it is back, also without any new event."""
    await watched.make((KEY, ANNA))
    await watched.until(KEY, ANNA)
    await clean.kill_nats()
    try:
        await watched.stays(KEY, ANNA, 3)
    finally:
        await clean.start_nats()

    async def put() -> bool:
        with suppress(Exception):
            await watched.put(OTHER, BO)
            await watched.delete(KEY)
            return True
        return False

    await eventually(put)
    await watched.until(OTHER, BO)
    await watched.until(KEY, None)


async def test_a_bucket_that_is_wiped_logs_nobody_out(watched: Watched) -> None:
    """Not while it is missing, and not while it is filled again; what is in it then counts."""
    await watched.make((KEY, ANNA), (OTHER, BO))
    await watched.until(KEY, ANNA)
    await watched.bus.js.delete_key_value(BUCKET)
    await watched.stays(KEY, ANNA, 1.5)
    await watched.make((KEY, ANNA), filled=False)
    await watched.stays(OTHER, BO, 2.5)
    await watched.mark()
    await watched.until(OTHER, None)
    assert watched.book.get(KEY) == ANNA
    await watched.put(OTHER, BO)
    await watched.until(OTHER, BO)


async def test_a_watch_that_died_silently_is_begun_anew(watched: Watched) -> None:
    """The server may lose the consumer behind it; the bucket's last number shows it."""
    await watched.make((KEY, ANNA))
    await watched.until(KEY, ANNA)
    for consumer in await watched.bus.js.consumers_info(f"KV_{BUCKET}"):
        await watched.bus.js.delete_consumer(f"KV_{BUCKET}", consumer.name)
    await watched.put(OTHER, BO)
    await watched.until(OTHER, BO)


# ---- what the secret itself says


HINT_KEY = "the-key-that-came-with-the-bucket"


async def asking(book: SessionBook, secret: str) -> float:
    """The seconds until nobody is found under this secret."""
    began = monotonic()
    assert await book.of(secret) is None
    return monotonic() - began


@pytest.mark.parametrize(
    "secret",
    [
        "n" * 43,
        minted("another key"),
        minted(HINT_KEY)[:-1] + "!",
        minted(HINT_KEY).replace(".", ".f", 1),
        f"{'n' * 43}.{2**40:x}.",
        f"{'n' * 43}.zz.{'a' * 16}",
        "ü" * 43,
    ],
    ids=["plain", "another key", "forged", "another time", "far ahead", "no time", "no letters"],
)
async def test_a_cookie_that_nobody_knows_costs_no_wait(watched: Watched, secret: str) -> None:
    """Whatever it claims: only the notifier can say that a session has just begun."""
    await watched.make((OTHER, BO), marker=Marker(HINT_KEY))
    await watched.until(OTHER, BO)
    await within(0.1, partial(asking, watched.book, secret))


async def test_a_session_on_its_way_is_waited_for_and_never_sent_to_the_login(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as it takes; if it takes too long, whoever asks is told to try again, not to log in."""
    await watched.make((OTHER, BO), marker=Marker(HINT_KEY))
    await watched.until(OTHER, BO)
    secret = minted(HINT_KEY)
    finding = asyncio.create_task(watched.book.of(secret))
    await asyncio.sleep(1)  # longer than a service needs that has nothing else to do
    assert not finding.done()
    await watched.put(digest(secret), ANNA)
    assert await finding == ANNA
    monkeypatch.setattr(sessions, "ARRIVAL", 0.2)
    with pytest.raises(Refused) as refused:
        await watched.book.of(minted(HINT_KEY))
    assert refused.value.why is Why.UNAVAILABLE
    assert refused.value.headers["Retry-After"]


async def test_a_session_that_has_ended_is_known_to_have(watched: Watched) -> None:
    """However short ago it began: its owner is not kept waiting for it."""
    await watched.make((OTHER, BO), marker=Marker(HINT_KEY))
    secret = minted(HINT_KEY)
    await watched.put(digest(secret), ANNA)
    await watched.until(digest(secret), ANNA)
    await watched.delete(digest(secret))
    await watched.until(digest(secret), None)
    await within(0.1, partial(asking, watched.book, secret))


async def test_an_old_secret_is_refused_at_once_where_all_news_has_come(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And waits where the service has been cut off from the bus since before it was made."""
    await watched.make((OTHER, BO), marker=Marker(HINT_KEY))
    await watched.until(OTHER, BO)
    secret = minted(HINT_KEY)
    monkeypatch.setattr(sessions, "SLACK", 0.0)

    async def current() -> bool:
        """the service has looked since"""
        return watched.book._current > time() - 1 and not watched.book._may_come(digest(secret), secret)

    await eventually(current)
    await within(0.1, partial(asking, watched.book, secret))


async def test_a_service_that_has_just_started_sends_nobody_to_the_login(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it has read the bucket it knows nobody, and says so."""
    monkeypatch.setattr(sessions, "ARRIVAL", PATIENCE)
    began = monotonic()
    with pytest.raises(Refused) as refused:
        await watched.book.of("n" * 43)
    assert monotonic() - began < PATIENCE
    assert refused.value.headers["Retry-After"]
    assert refused.value.why is Why.UNAVAILABLE
    await watched.make((digest("n" * 43), ANNA))
    await watched.until(digest("n" * 43), ANNA)
    assert await watched.book.of("n" * 43) == ANNA


async def test_while_the_bucket_is_of_a_version_before_a_login_is_waited_for(watched: Watched) -> None:
    """That version signs nothing, so a session that has just begun looks like any other; a short wait finds it."""
    await watched.make((OTHER, BO))
    await watched.until(OTHER, BO)
    finding = asyncio.create_task(watched.book.of("n" * 43))
    await asyncio.sleep(0)
    await watched.put(digest("n" * 43), ANNA)
    assert await finding == ANNA
    assert await watched.book.of("m" * 43) is None
