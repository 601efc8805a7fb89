"""Writing events down, once: load, fold, ask the rule, append.

`Journal.handle` is the only way to an event. In one transaction it appends the events
and their outbox rows, keeps the command's answer, and updates the service's own tables.
"""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from shared import clock, tracing
from shared.contract import AnyEvent, Recorded
from shared.contract.event import Envelope, Event, stream_name
from shared.journal.database import at_end, part, transaction
from shared.journal.told import carried_out
from shared.language import _
from shared.metrics import CONFLICTS
from shared.refusal import Refused, Why

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E")

Key = int | str | UUID
Project = Callable[[asyncpg.Connection, Recorded], Awaitable[None]]

TRIES = 12
"""How often a command that lost a race is decided again before the admin is asked to."""


@dataclass(frozen=True)
class Decider(Generic[C, S, E]):
    """The rule of one aggregate: `decide(command, state) -> events`, `evolve(state, event) -> state`."""

    aggregate: str
    initial: S
    decide: Callable[[C, S], Sequence[E]]
    evolve: Callable[[S, E], S]
    events: Any  # the union that a stored event is decoded as
    _decoder: list[msgspec.json.Decoder[Any]] = field(default_factory=list, repr=False)

    def read(self, data: str) -> E:
        if not self._decoder:
            self._decoder.append(msgspec.json.Decoder(self.events))
        return cast(E, self._decoder[0].decode(data))


class Outcome(Struct, frozen=True):
    """What a command came to. The answer to a repeated command is the first one's, with `repeated` set."""

    stream: str
    version: int
    events: tuple[AnyEvent, ...]
    repeated: bool = False

    @property
    def key(self) -> str:
        return self.stream.partition(".")[2]


Within = Callable[[asyncpg.Connection, Outcome], Awaitable[None]]

_OUTCOME = msgspec.json.Decoder(Outcome)

_APPEND = """
WITH appended AS (
    INSERT INTO events (id, stream, version, type, schema, data, actor, at, command_id, causation_id)
    SELECT id, $1, version, type, schema, data::jsonb, $2, $3, $4, $5
    FROM unnest($6::uuid[], $7::int[], $8::text[], $9::int[], $10::text[]) AS e(id, version, type, schema, data)
    ORDER BY version
    RETURNING position
), queued AS (
    INSERT INTO outbox (position, trace) SELECT position, $13 FROM appended
)
INSERT INTO commands (id, fingerprint, answer, at)
SELECT $4, $11, $12::text::jsonb, $3 WHERE $11::bytea IS NOT NULL
"""


class Journal:
    """The journal of one service, in that service's own schema."""

    def __init__(self, pool: asyncpg.Pool, project: Project, wake: Callable[[], None]) -> None:
        """`wake` tells the relay that a commit left something in the outbox."""
        self._pool = pool
        self._project = project
        self._wake = wake

    async def load(
        self, decider: Decider[C, S, E], key: Key, connection: asyncpg.Connection | None = None
    ) -> tuple[S, int]:
        """The state and version of one stream; version 0 where there is none."""
        rows = await (connection or self._pool).fetch(
            "SELECT data, version FROM events WHERE stream = $1 ORDER BY version",
            stream_name(decider.aggregate, key),
        )
        state = decider.initial
        for row in rows:
            state = decider.evolve(state, decider.read(row["data"]))
        return state, rows[-1]["version"] if rows else 0

    async def history(self, decider: Decider[C, S, E], key: Key) -> list[E]:
        """The events of one stream, in order."""
        rows = await self._pool.fetch(
            "SELECT data FROM events WHERE stream = $1 ORDER BY version", stream_name(decider.aggregate, key)
        )
        return [decider.read(row["data"]) for row in rows]

    async def answered(self, command_id: UUID) -> Outcome | None:
        """The outcome of a command that was carried out before."""
        row = await self._pool.fetchrow("SELECT answer FROM commands WHERE id = $1", command_id)
        return msgspec.structs.replace(_OUTCOME.decode(row["answer"]), repeated=True) if row else None

    async def once(
        self, command_id: UUID, same: Callable[[Outcome], bool], do: Callable[[], Awaitable[Outcome]]
    ) -> Outcome:
        """What `do` comes to, for a command that is only known in full when it is carried out: it draws its key then.

        The same request again gets the first one's outcome, and one that is not the `same` is refused.
        """

        async def before() -> Outcome | None:
            first = await self.answered(command_id)
            if first and not same(first):
                raise _another_request()
            return first

        if first := await before():
            return first
        try:
            return await do()
        except Refused:
            # The same request twice at the same moment: the other one drew another key and was faster.
            if first := await before():
                return first
            raise

    async def handle(
        self,
        decider: Decider[C, S, E],
        key: Key,
        command: C,
        *,
        actor: str,
        command_id: UUID | None = None,
        expected: int | None = None,
        cause: UUID | None = None,
        within: Within | None = None,
        connection: asyncpg.Connection | None = None,
    ) -> Outcome:
        """Carries one command out, or raises `Refused` and changes nothing.

        expected    the version that the admin saw; any other is refused as a conflict
        within      writes more rows in the same transaction
        connection  an open `transaction` to join, as a fold does
        """
        name = type(command).__name__
        mark = fingerprint(command) if command_id else None
        with carried_out(name, stream_name(decider.aggregate, key), actor, command_id) as done:
            for attempt in range(TRIES):
                try:
                    async with self._transaction(connection) as joined:
                        outcome, recorded = await self._attempt(
                            joined, decider, key, command, actor, command_id, mark, expected, cause, within
                        )
                except asyncpg.UniqueViolationError as error:
                    # Lost a race: against another command on the stream, or against this very one sent twice.
                    if error.constraint_name not in {"events_stream_version", "commands_once"}:
                        raise
                    CONFLICTS.labels(name).inc()
                    await asyncio.sleep(random.uniform(0, 0.002 * 2**attempt))  # noqa: S311 - spreads retries only
                else:
                    at_end(connection, self._ended)
                    done(recorded, repeated=outcome.repeated, joined=connection)
                    return outcome
            raise Refused(
                _("Others are changing this at the same moment. Please try again."), Why.UNAVAILABLE
            )

    async def _attempt(
        self,
        connection: asyncpg.Connection,
        decider: Decider[C, S, E],
        key: Key,
        command: C,
        actor: str,
        command_id: UUID | None,
        mark: bytes | None,
        expected: int | None,
        cause: UUID | None,
        within: Within | None,
    ) -> tuple[Outcome, list[Recorded]]:
        if command_id and (first := await self._repeated(connection, command_id, mark)):
            return first, []
        state, version = await self.load(decider, key, connection)
        if expected is not None and expected != version:
            raise Refused(_("Somebody changed this meanwhile. Here is how it stands now; please look again."))
        events = decider.decide(command, state)
        recorded = seal(stream_name(decider.aggregate, key), version, events, actor, command_id, cause)
        outcome = Outcome(
            stream_name(decider.aggregate, key),
            version + len(events),
            cast(tuple[AnyEvent, ...], tuple(events)),
        )
        if not recorded and not command_id and not within:
            return outcome, recorded
        await append(connection, recorded, outcome, command_id, mark)
        for each in recorded:
            await self._project(connection, each)
        if within:
            await within(connection, outcome)
        return outcome, recorded

    async def _repeated(
        self, connection: asyncpg.Connection, command_id: UUID, mark: bytes | None
    ) -> Outcome | None:
        row = await connection.fetchrow("SELECT fingerprint, answer FROM commands WHERE id = $1", command_id)
        if row is None:
            return None
        if row["fingerprint"] != mark:
            raise _another_request()
        return msgspec.structs.replace(_OUTCOME.decode(row["answer"]), repeated=True)

    @asynccontextmanager
    async def _transaction(self, joined: asyncpg.Connection | None) -> AsyncIterator[asyncpg.Connection]:
        if joined is not None:
            async with part(joined):
                yield joined
        else:
            async with transaction(self._pool) as connection:
                yield connection

    def _ended(self, committed: bool) -> None:
        if committed:
            self._wake()


def _another_request() -> Refused:
    return Refused(_("This idempotency key was used for something else. Use a new one."), Why.INVALID)


def fingerprint(command: object) -> bytes:
    """Tells a repeated command from another one that came with the same id."""
    return hashlib.sha256(type(command).__name__.encode() + msgspec.json.encode(command)).digest()


def seal(
    stream: str,
    version: int,
    events: Sequence[Any],
    actor: str,
    command_id: UUID | None = None,
    cause: UUID | None = None,
) -> list[Recorded]:
    """Puts events into envelopes, numbered on from `version`."""
    now = clock.now()
    return [
        Envelope(
            id=clock.new_id(),
            stream=stream,
            version=number,
            type=type(event).__name__,
            schema=cast(Event, event).schema,
            at=now,
            actor=actor,
            data=event,
            command_id=command_id,
            causation_id=cause,
        )
        for number, event in enumerate(events, version + 1)
    ]


async def append(
    connection: asyncpg.Connection,
    recorded: Sequence[Recorded],
    outcome: Outcome,
    command_id: UUID | None,
    mark: bytes | None,
) -> None:
    """Events, outbox rows and the command's answer, in one round trip.

    Raises asyncpg.UniqueViolationError on `events_stream_version` or `commands_once` where somebody was faster.
    """
    if not recorded and not command_id:
        return
    first = recorded[0] if recorded else None
    await connection.execute(
        _APPEND,
        outcome.stream,
        first.actor if first else None,
        first.at if first else clock.now(),
        command_id,
        first.causation_id if first else None,
        [each.id for each in recorded],
        [each.version for each in recorded],
        [each.type for each in recorded],
        [each.schema for each in recorded],
        [msgspec.json.encode(each.data).decode() for each in recorded],
        mark,
        msgspec.json.encode(outcome).decode(),
        tracing.header(),
    )
