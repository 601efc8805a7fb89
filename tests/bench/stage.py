"""What rows are measured on: real servers, the practice phone, services that are a process each, and a bare journal."""

from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
from msgspec.structs import replace

from local.access import DATABASE, SUPERUSER
from local.phone import PRACTICE_TOKEN
from local.phone.app import serve_phone
from local.phone.rules import LIFTED
from local.servers import Servers
from shared.journal.migrations import migrate
from tests.people import PATIENCE, Office, Phones
from tests.running import Running, five_processes, role_of, settings_on

PACE = 1000.0
"""Times Telegram's limits, which the practice phone lifts here."""


@dataclass
class Stage:
    servers: Servers
    running: Running
    office: Office
    phones: Phones

    @property
    def addresses(self) -> dict[str, str]:
        return self.running[0]

    @property
    def token(self) -> str:
        return self.running[2]

    async def leave(self, *services: str) -> None:
        """Ends all others: these have the machine to themselves from here on."""
        others = [process for name, process in self.running[3].items() if name not in services]
        for process in others:
            if process.returncode is None:
                process.terminate()
        for process in others:
            await process.wait()


@asynccontextmanager
async def stage(folder: Path, services: Collection[str]) -> AsyncIterator[Stage]:
    """Freshly started, the notifier always among them; where the bot-gateway is, the practice bot is connected."""
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(Servers(folder))
        phone = await stack.enter_async_context(serve_phone(folder / "phone.sqlite3", limits=LIFTED))
        settings = {
            name: replace(settings_on(servers, role_of(name)), telegram_api=phone, telegram_pace=PACE)
            for name in services
        }
        running = await stack.enter_async_context(five_processes(settings, log_to=folder))
        addresses, _, token, _ = running
        office = Office(addresses, token)
        stack.push_async_callback(office.close)
        if "bot-gateway" in services:
            await office.call("PUT", "/api/telegram/token", {"token": PRACTICE_TOKEN})
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=phone, timeout=PATIENCE))
        yield Stage(servers, running, office, Phones(phone, http))


_OWN_SCHEMA = f"""
DO $$ BEGIN
    CREATE ROLE bench LOGIN PASSWORD 'bench';
EXCEPTION WHEN duplicate_object THEN NULL; END $$;
GRANT CONNECT, TEMPORARY ON DATABASE {DATABASE} TO bench;
GRANT USAGE ON SCHEMA public TO bench;
ALTER ROLE bench SET search_path = bench, public;
CREATE SCHEMA IF NOT EXISTS bench AUTHORIZATION bench;
"""


@asynccontextmanager
async def bare_journal(servers: Servers, connections: int) -> AsyncIterator[asyncpg.Pool]:
    """A journal as each service has one, in a schema of its own: no relay empties it, whatever runs beside it."""
    dsn = servers.postgres_dsn(SUPERUSER)
    superuser = await asyncpg.connect(dsn)
    await superuser.execute(_OWN_SCHEMA)
    await superuser.close()
    async with asyncpg.create_pool(
        dsn, user="bench", password="bench", min_size=connections, max_size=connections
    ) as pool:
        await migrate(pool, "shared.web")
        yield pool
