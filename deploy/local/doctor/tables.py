"""What the tables of a service tell: its schema, what waits to be published, what could not be applied, who leads."""

from datetime import UTC, datetime, timedelta

import asyncpg
from msgspec import Struct

from local.doctor import reception
from local.doctor.findings import Finding, ok, warning, wrong
from shared.journal import migrations

SLOW = timedelta(minutes=5)
"""Longer, nothing waits for Telegram unless it is paused by its limits."""
LATELY = timedelta(days=1)
OFF, FAR_OFF = 1.0, 10.0
"""Seconds that two clocks may be apart; codes, sessions and the order of a list begin to suffer above them."""

_LEADER = """
SELECT a.pid, a.backend_start, host(a.client_addr) AS client_addr FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND ((l.classid::bigint << 32) | l.objid::bigint) = hashtext($1)::bigint
"""
_STUCK = """
SELECT count(*) FILTER (WHERE status = 'queued' AND due_at < now() - $1::interval) AS queued,
       count(*) FILTER (WHERE status = 'sending' AND queued_at < now() - $1::interval) AS sending
FROM deliveries WHERE status IN ('queued', 'sending')
"""
_ENDED = """
SELECT status, coalesce(trouble, 'no reason') AS trouble, count(*) AS times FROM deliveries
WHERE status IN ('failed', 'unknown') AND ended_at > now() - $1::interval GROUP BY 1, 2 ORDER BY 1, 2
"""
_UPDATES = """
SELECT count(*) FILTER (WHERE handled_at IS NULL AND set_aside_at IS NULL
                        AND received_at < now() - $1::interval) AS waiting,
       count(*) FILTER (WHERE set_aside_at IS NOT NULL) AS aside,
       count(*) FILTER (WHERE set_aside_at IS NOT NULL AND trouble ~ '^(Unreadable|ValidationError):') AS unreadable,
       max(received_at) AS last
FROM updates
"""


class Outbox(Struct, frozen=True):
    """first  position of the event that waits longest; None: none does"""

    first: int | None
    waiting: int
    since: datetime | None


async def schema(connection: asyncpg.Connection, service: str) -> Finding:
    package = service.replace("-", "_")
    if not await connection.fetchval("SELECT to_regclass('migrations') IS NOT NULL"):
        return wrong(
            "schema", service, "there are no tables yet", "Run `callout migrate`, or start the service."
        )
    done = {row["name"] for row in await connection.fetch("SELECT name FROM migrations")}
    known = migrations.known(package)
    if lacking := [name for name in known if name not in done]:
        return wrong(
            "schema",
            service,
            f"lacks {', '.join(lacking)}",
            "Run `callout migrate`, or start the service again.",
        )
    if unknown := sorted(done - set(known)):
        return wrong(
            "schema",
            service,
            f"was changed by a newer Callout: {', '.join(unknown)}",
            "Upgrade this Callout to that version.",
        )
    return ok("schema", service, f"up to date ({len(done)} migrations)")


async def outbox(connection: asyncpg.Connection) -> Outbox:
    row = await connection.fetchrow(
        "SELECT min(position) AS first, count(*) AS waiting, "
        "(SELECT at FROM events WHERE position = (SELECT min(position) FROM outbox)) AS since FROM outbox"
    )
    assert row is not None
    return Outbox(**dict(row))


def relay(service: str, before: Outbox, now: Outbox) -> Finding:
    """Two looks, some seconds apart: a journal that is queued anew is long, old, and soon gone."""
    if now.since is None:
        return ok("relay", service, "nothing waits to be published")
    if now.first != before.first or now.waiting < before.waiting:
        return ok("relay", service, f"{now.waiting:,} events wait, and go out")
    return wrong(
        "relay",
        service,
        f"{now.waiting:,} events wait and none goes out; the first is of {now.since:%Y-%m-%d %H:%M:%S} UTC",
        "Nothing is lost. See whether NATS answers and the service runs; its log says what keeps it.",
    )


async def dead_letters(connection: asyncpg.Connection, service: str) -> Finding:
    rows = await connection.fetch(
        "SELECT split_part(error, ':', 1) AS kind, count(*) AS times FROM dead_letters GROUP BY 1 ORDER BY 1"
    )
    failed = {row["kind"]: row["times"] for row in rows if row["kind"]}
    waiting = sum(row["times"] for row in rows) - sum(failed.values())
    if not rows:
        return ok("dead letters", service, "none")
    kinds = ", ".join(f"{times} × {kind}" for kind, times in failed.items())
    return wrong(
        "dead letters",
        service,
        f"{sum(failed.values())} events could not be applied ({kinds}); {waiting} wait behind them",
        "`callout dead-letters list` shows them; `callout dead-letters retry` applies them after the fix.",
    )


async def leader(connection: asyncpg.Connection, service: str) -> Finding:
    rows = await connection.fetch(_LEADER, f"lead {service}")
    if not rows:
        return wrong(
            "leader",
            service,
            "nobody publishes, folds or sends",
            "Start the service. Where it runs, another takes over within seconds: look again.",
        )
    since = rows[0]["backend_start"]
    return ok(
        "leader", service, f"since {since:%Y-%m-%d %H:%M:%S} UTC, from {rows[0]['client_addr'] or 'here'}"
    )


async def deliveries(connection: asyncpg.Connection, service: str) -> list[Finding]:
    found = []
    (stuck,) = await connection.fetch(_STUCK, SLOW)
    if stuck["queued"] or stuck["sending"]:
        found.append(
            wrong(
                "deliveries",
                service,
                f"{stuck['queued']} are due for more than 5 minutes, {stuck['sending']} hang half way",
                "See whether Telegram is reached and a bot is connected; the service's log says why.",
            )
        )
    ended = await connection.fetch(_ENDED, LATELY)
    for status, do in (
        ("failed", "The tasks and invoices concerned say so, and can be sent again."),
        ("unknown", "Telegram did not answer in time: ask the technician before you send it again."),
    ):
        if some := [row for row in ended if row["status"] == status]:
            why = ", ".join(f"{row['times']} × {row['trouble']}" for row in some)
            found.append(warning("deliveries", service, f"{status} in the last day: {why}", do))
    return found or [ok("deliveries", service, "none waits, and none failed in the last day")]


async def telegram(connection: asyncpg.Connection, service: str) -> list[Finding]:
    """What is known here of the connection; Telegram itself is not asked: the service does that all the time."""
    (updates,) = await connection.fetch(_UPDATES, SLOW)
    last = f"{updates['last']:%Y-%m-%d %H:%M:%S} UTC" if updates["last"] else "never"
    bot = await connection.fetchrow("SELECT link, username, reason FROM bot")
    if bot is None or bot["link"] == "none":
        do = "Enter a bot's token under Settings, Telegram."
        found = [warning("telegram", service, "no bot is connected", do)]
    elif bot["link"] != "connected":
        do = "Enter the token again under Settings, Telegram."
        found = [wrong("telegram", service, f"@{bot['username']} is {bot['link']}: {bot['reason']}", do)]
    else:
        found = [ok("telegram", service, f"@{bot['username']} is connected; the last update came: {last}")]
        found += await reception.findings(connection, service)
    if updates["waiting"]:
        do = "Another part may be away; they are handled when it is back. The service's log says which."
        found.append(
            wrong("telegram", service, f"{updates['waiting']} updates wait for 5 minutes or more", do)
        )
    if updates["aside"]:
        do = (
            "They are kept for seven days. `callout updates list` says what is wrong with each; after an upgrade or a "
            "fix, `callout updates retry` handles them. Whoever pressed a button can press it again."
        )
        says = (
            f"{updates['aside']} updates could not be handled, of which {updates['unreadable']} can't be read"
        )
        found.append(warning("telegram", service, says, do))
    return found


async def encoding(connection: asyncpg.Connection) -> Finding:
    found = await connection.fetchval("SHOW server_encoding")
    if found != "UTF8":
        says = f"the database is kept in {found}, so a name is not found when its accents are written another way"
        do = "Make a backup, and restore it into a new installation: its database is made in UTF-8."
        return warning("encoding", None, says, do)
    return ok("encoding", None, "the database is kept in UTF-8")


async def clock(connection: asyncpg.Connection) -> Finding:
    before = datetime.now(UTC)
    there = await connection.fetchval("SELECT clock_timestamp()")
    after = datetime.now(UTC)
    return apart("PostgreSQL", there, before, after)


def apart(whose: str, there: datetime, before: datetime, after: datetime) -> Finding:
    """there  what the other clock said, somewhen between `before` and `after` of this machine's"""
    seconds = max((before - there).total_seconds(), (there - after).total_seconds(), 0.0)
    if seconds < OFF:
        return ok("clock", None, f"this machine and {whose} agree")
    says = f"this machine and {whose} are {seconds:,.1f} s apart"
    do = "Let NTP set the clocks of both machines."
    return wrong("clock", None, says, do) if seconds >= FAR_OFF else warning("clock", None, says, do)
