"""A service's start and stop, once for all five.

A service is a web app, answers on the bus, a relay and a fold. Every replica serves; one
replica leads (`shared.journal.lease`): it alone relays, folds, and runs what `lead` was given.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any

import asyncpg
import structlog
from faststream.nats import NatsRouter
from litestar import Litestar
from nats.js.errors import NotFoundError

from shared import asyncapi, metrics, names, site
from shared.asyncapi import Word
from shared.bus import BUS_TROUBLE, STREAM, Bus
from shared.contract import Recorded
from shared.contract.site import Site
from shared.journal import Journal, freshness
from shared.journal.database import DATABASE_AWAY
from shared.journal.dead_letters import Apply
from shared.journal.fold import After, Fold, each
from shared.journal.freshness import Freshness
from shared.journal.journal import Project
from shared.journal.lag import Lag
from shared.journal.lease import lease, watch
from shared.journal.migrations import migrate
from shared.journal.rebuild import rebuild
from shared.journal.relay import Relay
from shared.settings import Settings
from shared.web import SessionBook, build_app

log = structlog.get_logger()

Worker = Callable[[], Coroutine[None, None, None]]

RESTART_AFTER = (0.2, 1.0, 3.0, 5.0)  # seconds, growing while a worker keeps failing
SITE_REFRESH = 1.0


class Service:
    """What `app.py` of each service fills in: see `http`, `rpc`, `lead`, `background`."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        *,
        package: str,
        project: Project,
        tables: Sequence[str],
        folds: Sequence[str],
        fold: Project | None = None,
        fold_batch: Apply | None = None,
        after_fold: After | None = None,
        knows_names: bool = False,
        asks: Sequence[str] = (),
        words: Sequence[Word] = (),
    ) -> None:
        """
        package      where migrations/ and templates/ are
        project      own event → own tables
        tables       what `project` and `fold` fill, and `callout rebuild` empties and fills again
        folds        aggregates of other services that are taken in
        fold         event of another service → own tables
        fold_batch   the same for a batch in its order, where that is much faster
        after_fold   told of each committed batch
        knows_names  keeps `shared.names`
        asks         the subjects of its questions to other services
        words        what else it says and hears, to be described
        """
        self.name = name
        self.settings = settings
        self.pool: asyncpg.Pool = asyncpg.create_pool(
            settings.postgres,
            min_size=1,
            max_size=10,
            command_timeout=30,
            max_inactive_connection_lifetime=60,
            reset=_as_it_is,
            server_settings={"application_name": name},
        )
        self.bus = Bus(name, settings.nats, settings.nats_replicas)
        self.relay = Relay(name, self.pool, self.bus)
        self.journal = Journal(self.pool, project, self.relay.wake)
        self.freshness = Freshness(self.pool, self.bus, self._read_site)
        self.sessions = SessionBook(self.bus, name)
        self._package = package
        self._project = project
        self._tables = (*tables, "site", *(names.TABLES if knows_names else ()))
        self._own_fold = fold_batch or each(fold or _nothing)
        self._folds = frozenset(folds)
        self._knows_names = knows_names
        self._asks = asks
        self._words = words
        self._heard = self._folds | {"site"} | (set(names.AGGREGATES) if knows_names else set())
        self._fold = Fold(name, self.pool, self.bus, sorted(self._heard), self.apply, after_fold)
        self.rpc(freshness.router(name, self.pool))
        self._routes: list[Any] = []
        self._leaders: list[Worker] = [self.relay.run, self._fold.run, Lag(name, self.pool, self.bus).run]
        self._workers: list[Worker] = [self._lead, self._refresh_site]
        self._site = Site()
        self._tasks: list[asyncio.Task[None]] = []
        self._started = False
        self._asgi: Litestar | None = None

    def http(self, *routes: Sequence[Any]) -> None:
        for some in routes:
            self._routes.extend(some)

    def rpc(self, router: NatsRouter) -> None:
        self.bus.broker.include_router(router)

    def lead(self, *workers: Worker) -> None:
        """Runs on the leading replica alone; a failure ends the lease and begins it anew."""
        self._leaders.extend(workers)

    def background(self, *workers: Worker) -> None:
        """Runs on every replica; started again after a failure."""
        self._workers.extend(workers)

    def site(self) -> Site:
        """The site's settings, at most a second old."""
        return self._site

    def ready(self) -> bool:
        return self._started and self.bus.connected and self.sessions.filled

    @property
    def asgi(self) -> Litestar:
        if self._asgi is None:
            self._asgi = build_app(
                self.name,
                [*self._routes, *asyncapi.route(self.name, self.spoken)],
                package=self._package,
                sessions=self.sessions,
                site=self.site,
                ready=self.ready,
                settings=self.settings,
            )
        return self._asgi

    def spoken(self) -> dict[str, Any]:
        """What it says and hears, as AsyncAPI."""
        return asyncapi.document(
            self.name, folds=self._heard, asks=self._asks, answers=self.bus.answered(), words=self._words
        )

    async def prepare(self) -> None:
        """Opens the connections and brings the schema up to date; enough for commands, without serving."""
        await self.pool
        await migrate(self.pool, self._package)
        await self.bus.start()

    async def start(self) -> None:
        await self.prepare()
        await self._read_site()
        await self.bus.serve()
        self.background(self.sessions.run)
        self._tasks = [
            asyncio.create_task(self._keep(worker), name=_named(worker)) for worker in self._workers
        ]
        self._started = True
        metrics.LEADING.labels(self.name)
        log.info("started", service=self.name)

    async def stop(self) -> None:
        """Ends the workers, then the connections; what is not finished is picked up at the next start."""
        self._started = False
        await end(self._tasks)
        with suppress(Exception):  # the bus may be what is broken
            await asyncio.wait_for(self.bus.stop(), 5)
        try:
            await asyncio.wait_for(self.pool.close(), 5)
        except TimeoutError:
            self.pool.terminate()
        log.info("stopped", service=self.name)

    async def apply(self, connection: asyncpg.Connection, batch: Sequence[Recorded]) -> None:
        """Events of other services → this one's tables; dead letters are tried again with it too."""
        for recorded in batch:
            await site.remember(connection, recorded)
            if self._knows_names:
                await names.remember(connection, recorded)
        await self._own_fold(connection, [each for each in batch if each.aggregate in self._folds])

    async def rebuild(self) -> None:
        """Empties the folded tables, projects the own journal again, and has the bus read from its start."""
        await rebuild(self.pool, self._tables, self._project)
        with suppress(NotFoundError):
            await self.bus.js.delete_consumer(STREAM, self.name)

    async def catch_up(self) -> None:
        """Waits until all that is on the bus is folded: by the replica that leads, or else by this process."""
        standing_in = asyncio.create_task(self._lead_with([self.relay.run, self._fold.run]))
        try:
            while not standing_in.done():
                if await self.is_caught_up():
                    return
                await asyncio.sleep(0.05)
            standing_in.result()
        finally:
            await end([standing_in])

    async def is_published(self) -> bool:
        """Whether all that this service has written is on the bus."""
        return not await self.pool.fetchval("SELECT EXISTS (SELECT FROM outbox)")

    async def is_caught_up(self) -> bool:
        """Whether all that is on the bus for this service is folded."""
        with suppress(NotFoundError):
            place = await self.bus.js.consumer_info(STREAM, self.name)
            return not place.num_pending and not place.num_ack_pending
        return False

    async def _lead(self) -> None:
        await self._lead_with(self._leaders)

    async def _lead_with(self, workers: Sequence[Worker]) -> None:
        async with lease(self.settings.postgres, self.name) as connection:
            with metrics.leading(self.name):
                log.info("leading", service=self.name)
                leading = [asyncio.create_task(worker(), name=_named(worker)) for worker in workers]
                leading.append(asyncio.create_task(watch(connection)))
                try:
                    done, _ = await asyncio.wait(leading, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        task.result()
                    raise RuntimeError(
                        f"{task.get_name()} ended, though it should run as long as this replica leads"
                    )
                finally:
                    await end(leading)

    async def _refresh_site(self) -> None:
        while True:
            await self._read_site()
            await asyncio.sleep(SITE_REFRESH)

    async def _read_site(self) -> None:
        self._site = await site.current(self.pool)

    async def _keep(self, worker: Worker) -> None:
        failures = 0
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            try:
                await worker()
            except Exception as error:
                if _away(error):
                    reason = f"{type(error).__name__}: {error}"
                    log.warning("worker waits", service=self.name, worker=_named(worker), reason=reason)
                else:
                    log.exception("worker failed", service=self.name, worker=_named(worker))
            else:
                log.error("worker ended", service=self.name, worker=_named(worker))
            metrics.RESTARTS.labels(self.name, _named(worker)).inc()
            failures = 1 if clock() - began > 30 else failures + 1
            await asyncio.sleep(RESTART_AFTER[min(failures, len(RESTART_AFTER)) - 1])


def _away(error: Exception) -> bool:
    """A server does not answer, so there is nothing to mend in the code. A task group tells of it in a group."""
    if isinstance(error, ExceptionGroup):
        return all(_away(each) for each in error.exceptions)
    return isinstance(error, (*DATABASE_AWAY, *BUS_TROUBLE))


def _named(worker: Worker) -> str:
    return getattr(worker, "__qualname__", repr(worker))


async def _as_it_is(connection: asyncpg.Connection) -> None:
    """Nothing here sets anything for a whole session, so what asyncpg would do costs a round trip for nothing.
    A transaction left open is rolled back all the same."""


async def _nothing(connection: asyncpg.Connection, recorded: Recorded) -> None:
    """The fold of a service that takes nothing in but the site's settings."""


async def end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancels tasks until each has ended; a cancel of the caller takes effect afterwards.

    Once is not enough: Python 3.11's `wait_for`, in which nats-py waits, may lose a cancel.
    """
    cancelled = False
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        try:
            await asyncio.wait(pending, timeout=0.5)
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError
