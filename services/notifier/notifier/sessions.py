"""Sessions and API tokens: kept in PostgreSQL, copied to the bus, where every service reads them.

PostgreSQL is the truth. The bucket `sessions` is written at each change, compared with the truth
now and then, and filled again whenever it is found missing.
"""

import asyncio
import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import asyncpg
import msgspec
import structlog
from nats.js.api import KeyValueConfig, StorageType
from nats.js.errors import KeyNotFoundError, NotFoundError
from nats.js.kv import KV_DEL, KV_PURGE, KeyValue

from notifier import tokens
from shared.bus import Bus
from shared.contract.admin import Role
from shared.language import _
from shared.refusal import Refused, Why
from shared.web import BUCKET, FILLED, USED, Session
from shared.web.session_hints import Marker, marker, minted
from shared.web.sessions import FAULTS

log = structlog.get_logger()

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)

MARK = "callout_"
"""So begins each API token, for whoever looks for secrets that leaked."""

LOOK = 1.0  # seconds between two looks at whether the bucket is there
SWEEP = 300.0  # seconds between two comparisons with PostgreSQL
GONE = (KV_DEL, KV_PURGE)
# The mark of an ended session stays that long, for whoever reads the bucket from its start.
MARKED = timedelta(minutes=10)

UNTOLD = timedelta(seconds=30)
"""So long it is looked whether what has ended is off the bus: whoever ended it may have died before they told."""

_ENDED = """
SELECT key FROM sessions WHERE ended_at > now() - $1::interval
UNION ALL SELECT key FROM tokens WHERE revoked_at > now() - $1::interval
"""
_LIVE = """
SELECT s.key, a.login AS admin, a.name, a.role, false AS token, least(s.used_at + $1, s.began_at + $2) AS expires
FROM sessions s JOIN admins a USING (login)
WHERE s.ended_at IS NULL AND a.enabled AND least(s.used_at + $1, s.began_at + $2) > now() {only}
UNION ALL
SELECT s.key, s.name, s.name, s.role, true, s.expires_at
FROM tokens s WHERE s.revoked_at IS NULL AND (s.expires_at IS NULL OR s.expires_at > now()) {only}
"""


class Sessions:
    """What is live, and its copy on the bus."""

    def __init__(self, pool: asyncpg.Pool, bus: Bus) -> None:
        self._pool = pool
        self._bus = bus
        self._wrong = asyncio.Event()

    async def live(self, *keys: str) -> dict[str, Session]:
        """Key → session, of these keys or of all."""
        rows = await self._pool.fetch(
            _LIVE.format(only="AND s.key = ANY($3)" if keys else ""),
            IDLE,
            LONGEST,
            *([list(keys)] if keys else []),
        )
        return {
            row["key"]: Session(row["admin"], row["name"], Role(row["role"]), row["expires"], row["token"])
            for row in rows
        }

    async def tell(self, *keys: str) -> bool:
        """Puts what these keys are now on the bus; False where the bus does not answer (it is told later)."""
        try:
            bucket = await self._bus.js.key_value(BUCKET)
            live = await self.live(*keys) if keys else {}
            for key in keys:
                await _write(bucket, key, live.get(key))
            # Somebody may have ended one in the meantime and been overwritten here.
            again = await self.live(*live) if live else {}
            for key in live.keys() - again.keys():
                await _write(bucket, key, None)
        except FAULTS as error:
            log.warning("sessions not told", error=str(error) or type(error).__name__)
            self._wrong.set()
            return False
        return True

    async def new_secret(self) -> str:
        """For the cookie of a session that begins now; it says so to services that have not heard of it."""
        try:
            return await self._minted("")
        except FAULTS:
            sentence = _("Nobody can log in just now, because the bus does not answer.")
            raise Refused(sentence, Why.UNAVAILABLE) from None

    async def new_token(self) -> str:
        """For a program; where the bus is away, the services hear of it later."""
        try:
            return await self._minted(MARK)
        except FAULTS:
            return MARK + secrets.token_urlsafe(32)

    async def _minted(self, prefix: str) -> str:
        bucket = await self._bus.js.key_value(BUCKET)
        with suppress(KeyNotFoundError):  # it is being made just now
            return minted(marker((await bucket.get(FILLED)).value).key, prefix)
        return minted("", prefix)

    async def of(self, connection: asyncpg.Connection | asyncpg.Pool, login: str) -> list[str]:
        """The keys of the sessions that this admin has open."""
        rows = await connection.fetch("SELECT key FROM sessions WHERE login = $1 AND ended_at IS NULL", login)
        return [row["key"] for row in rows]

    @staticmethod
    async def still_open(connection: asyncpg.Connection, key: str) -> None:
        """Refused where a session has ended since whoever uses it was let in. A token has no row here."""
        row = await connection.fetchrow("SELECT ended_at FROM sessions WHERE key = $1 FOR SHARE", key)
        if row and row["ended_at"]:
            raise Refused(_("Your session has ended. Please log in again."), Why.UNKNOWN_CALLER)

    @staticmethod
    async def end(connection: asyncpg.Connection | asyncpg.Pool, *keys: str) -> None:
        """In the transaction of what ends them; who calls this tells of it once that is committed."""
        await connection.execute(
            "UPDATE sessions SET ended_at = now() WHERE key = ANY($1) AND ended_at IS NULL", list(keys)
        )

    @staticmethod
    async def end_all(connection: asyncpg.Connection, login: str, *, but: str = "") -> None:
        """As `end`, of one admin; `tell_ended` says so on the bus."""
        await connection.execute(
            "UPDATE sessions SET ended_at = now() WHERE login = $1 AND key <> $2 AND ended_at IS NULL",
            login,
            but,
        )

    async def tell_ended(self, login: str) -> None:
        """Puts on the bus which sessions of this admin have ended lately."""
        rows = await self._pool.fetch(
            "SELECT key FROM sessions WHERE login = $1 AND ended_at > now() - $2::interval", login, MARKED
        )
        await self.tell(*(row["key"] for row in rows))

    async def hear(self) -> None:
        """Notes which sessions are in use, as any service tells; for ever."""
        await self._bus.listen(USED, self._used)
        await asyncio.Event().wait()

    async def _used(self, body: bytes) -> None:
        told, _sep, service = body.decode(errors="replace").replace("\x00", "").partition(" ")
        if service:
            await self._pool.execute(tokens.USED, told, service[:40])
            return
        key = await self._pool.fetchval(
            # Not one that ran out on the way here.
            """UPDATE sessions SET used_at = now() WHERE key = $1 AND ended_at IS NULL
               AND least(used_at + $2, began_at + $3) > now() RETURNING key""",
            told,
            IDLE,
            LONGEST,
        )
        if key:
            await self.tell(key)

    async def keep(self) -> None:
        """Keeps the bucket as PostgreSQL says; for ever, on the leading replica."""
        known: Any = None
        swept = 0.0
        while True:
            try:
                made, empty = await self._bucket()
                if made != known or empty or self._wrong.is_set() or monotonic() - swept > SWEEP:
                    self._wrong.clear()
                    await self._fill()
                    known, swept = made, monotonic()
                    await self._forget()
                await self._tell_untold()
            except FAULTS as error:
                log.warning("sessions not kept", error=str(error) or type(error).__name__)
                self._wrong.set()
                await asyncio.sleep(LOOK)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._wrong.wait()

    async def _tell_untold(self) -> None:
        bucket = await self._bus.js.key_value(BUCKET)
        for row in await self._pool.fetch(_ENDED, UNTOLD):
            with suppress(KeyNotFoundError):
                await bucket.get(row["key"])
                await _write(bucket, row["key"], None)

    async def _bucket(self) -> tuple[Any, bool]:
        """When the bucket was made, and whether it is empty; makes it where it is missing."""
        try:
            info = await self._bus.js.stream_info(f"KV_{BUCKET}")
        except NotFoundError:
            await self._bus.js.create_key_value(
                KeyValueConfig(
                    bucket=BUCKET,
                    history=1,
                    storage=StorageType.FILE,
                    max_value_size=4096,
                    replicas=self._bus.replicas,
                )
            )
            info = await self._bus.js.stream_info(f"KV_{BUCKET}")
        return info.created, info.state.messages == 0

    async def _fill(self) -> None:
        bucket = await self._bus.js.key_value(BUCKET)
        # First the bucket, then PostgreSQL: what is told while this runs is then never taken for too much.
        entries = await _entries(bucket)
        told = {key: entry.value or b"" for key, entry in entries.items() if entry.operation not in GONE}
        live = await self.live()
        written = [key for key, session in live.items() if told.get(key) != msgspec.json.encode(session)]
        for key in written:
            await _write(bucket, key, live[key])
        ended = set(written) - (await self.live(*written)).keys() if written else set()
        for key in told.keys() - live.keys() - {FILLED} | ended:
            await _write(bucket, key, None)
        if not marker(told.get(FILLED)).key:
            await bucket.put(FILLED, msgspec.json.encode(Marker(secrets.token_urlsafe(32))))
        for key, entry in entries.items():
            # Not by nats-py's own `purge_deletes`: it leaves a subscription behind, which hears of every session
            # for as long as the process lives, and which nobody reads.
            made: Any = entry.created  # a moment, though declared as a number
            if entry.operation in GONE and datetime.now(UTC) - made > MARKED:
                # The mark alone: a session that lives after all was written again, behind it.
                await self._bus.js.purge_stream(
                    f"KV_{BUCKET}", seq=(entry.revision or 0) + 1, subject=f"$KV.{BUCKET}.{key}"
                )
        log.info("sessions filled", live=len(live), told=len(told))

    async def _forget(self) -> None:
        """Rows that serve nobody any more."""
        await self._pool.execute("DELETE FROM sessions WHERE began_at < now() - interval '30 days'")


async def _write(bucket: KeyValue, key: str, session: Session | None) -> None:
    if session is None:
        await bucket.delete(key)
    else:
        await bucket.put(key, msgspec.json.encode(session))


async def _entries(bucket: KeyValue) -> dict[str, KeyValue.Entry]:
    """All that the bucket holds now, with the marks of what was taken out."""
    watcher = await bucket.watchall()
    found: dict[str, KeyValue.Entry] = {}
    try:
        async with asyncio.timeout(10):
            while (entry := await anext(watcher)) is not None:
                found[entry.key] = entry
    finally:
        with suppress(Exception):  # the connection may be what broke
            await watcher.stop()  # type: ignore[no-untyped-call]
    return found
