"""Whether what this service knows of another one's stream is all that there is.

A copy may be behind for as long as the bus is away, or an event of it is a dead letter. To go on with what it says does
little harm; to refuse by it tells somebody what is not so. So a refusal that rests on a copy is given only once the
stream's owner, who writes it, says that there is no more of it than is folded here: whether an event waits to be
published, is on its way, or was set aside, makes no difference.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import asyncpg
import structlog
from faststream.nats import NatsRouter

from shared.bus import AnswerBroke, Bus, answers
from shared.contract import OWNER, QUESTIONS
from shared.contract.site import SETTINGS
from shared.contract.version import VersionAnswer, VersionRequest, version_of
from shared.language import N_, _
from shared.refusal import Refused, Why

log = structlog.get_logger()

PATIENCE = 1.5  # seconds that whoever asks is kept waiting for news
GLANCE = 0.05

BEHIND = {
    "task": N_("The latest news of task #%(key)s is still on its way here. Please try again in a moment."),
    "technician": N_(
        "The latest news of this technician is still on its way here. Please try again in a moment."
    ),
    "site": N_("The latest change of the settings is still on its way here. Please try again in a moment."),
}
"""aggregate → what is said in a refusal's place."""

_FOLDED = """
SELECT coalesce((SELECT version FROM cursors WHERE stream = $1), 0) >= $2::bigint AS folded,
       EXISTS (SELECT FROM dead_letters WHERE stream = $1) AS set_aside
"""

A = TypeVar("A")
P = ParamSpec("P")


class Freshness:
    def __init__(
        self, pool: asyncpg.Pool, bus: Bus, read_site: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """read_site  takes the settings that are folded into use, which else happens every now and then"""
        self._pool = pool
        self._bus = bus
        self._read_site = read_site

    async def sure(self, do: Callable[[], Awaitable[A]]) -> A:
        """What `do` comes to. Where it is refused by what others told, that is made sure of, and it is done again."""
        until = _now() + PATIENCE
        fresh: set[str] = set()
        while True:
            try:
                return await do()
            except Refused as refused:
                doubtful = refused.rests_on - fresh
                if not doubtful:
                    raise
            for stream in sorted(doubtful):
                if not await self._is_fresh(stream, until):
                    log.info("news on its way", stream=stream)
                    raise Refused(behind(stream), Why.UNAVAILABLE)
            if self._read_site and SETTINGS in doubtful:
                await self._read_site()
            fresh |= doubtful

    async def is_fresh(self, stream: str, patience: float = PATIENCE) -> bool:
        """Whether all that its owner has written by now is folded here, or will be within `patience` seconds."""
        return await self._is_fresh(stream, _now() + patience)

    async def has(self, stream: str, version: int, patience: float = PATIENCE) -> bool:
        """The same of what was written up to a version, by somebody who has seen it."""
        return await self._has(stream, version, _now() + patience)

    async def _is_fresh(self, stream: str, until: float) -> bool:
        version = await self._written(stream, until)
        return version is not None and await self._has(stream, version, until)

    async def _has(self, stream: str, version: int, until: float) -> bool:
        while True:
            row = await self._pool.fetchrow(_FOLDED, stream, version)
            assert row is not None
            if row["set_aside"] or _now() > until:  # what was set aside comes by no waiting
                return False
            if row["folded"]:
                return True
            await asyncio.sleep(GLANCE)

    async def _written(self, stream: str, until: float) -> int | None:
        """The stream's version; None where nobody says."""
        subject = version_of(stream.partition(".")[0])
        while (left := until - _now()) > 0:
            try:
                answer = await self._bus.request(subject, VersionRequest(stream), VersionAnswer, timeout=left)
            except Refused:
                await asyncio.sleep(GLANCE)
            except AnswerBroke:
                return None
            else:
                return answer.version
        return None


class Fresh(Protocol):
    @property
    def freshness(self) -> Freshness: ...


S = TypeVar("S", bound=Fresh)


def refusals_made_sure(
    method: Callable[Concatenate[S, P], Awaitable[A]],
) -> Callable[Concatenate[S, P], Awaitable[A]]:
    """Around what can be asked of a service: see `Freshness.sure`. It may be carried out twice, and has one effect."""

    @wraps(method)
    async def sure(self: S, /, *args: P.args, **kwargs: P.kwargs) -> A:
        return await self.freshness.sure(lambda: method(self, *args, **kwargs))

    return sure


def behind(stream: str) -> str:
    """The sentence for whoever asks what rests on this stream."""
    aggregate, _dot, key = stream.partition(".")
    return _(BEHIND[aggregate], key=key)


def versions(*aggregates: str) -> tuple[str, ...]:
    """The questions of a service whose refusals rest on these."""
    return tuple(version_of(aggregate) for aggregate in aggregates)


def router(service: str, pool: asyncpg.Pool) -> NatsRouter:
    """Its answers to those who keep copies of its streams."""

    async def version(asked: VersionRequest) -> VersionAnswer:
        found = await pool.fetchval("SELECT max(version) FROM events WHERE stream = $1", asked.stream)
        return VersionAnswer(found or 0)

    routes = NatsRouter()
    for subject in _answered(aggregate for aggregate, owner in OWNER.items() if owner == service):
        answers(routes, subject, VersionRequest, version, queue=service)
    return routes


def _answered(aggregates: Iterable[str]) -> list[str]:
    return [subject for subject in versions(*aggregates) if subject in QUESTIONS]


def _now() -> float:
    return asyncio.get_running_loop().time()
