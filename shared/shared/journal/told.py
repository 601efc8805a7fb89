"""What a command leaves in the log, in the metrics and among the spans; `Journal.handle` is where each comes by.

Its outcome:

done, repeated   now, or before under the same id
not_now, invalid, missing …   refused: see `shared.refusal.Why`
undone           done as a part of a transaction that was rolled back afterwards
away             the database did not answer, or had no room: nothing to mend in the code
failed           a fault of ours
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Protocol
from uuid import UUID

import asyncpg
import structlog

from shared import tracing
from shared.contract import Recorded
from shared.journal.database import at_end, is_away
from shared.metrics import COMMAND_SECONDS, COMMANDS
from shared.refusal import Refused

log = structlog.get_logger()


class Done(Protocol):
    def __call__(
        self, recorded: Sequence[Recorded], *, repeated: bool, joined: asyncpg.Connection | None
    ) -> None: ...


@contextmanager
def carried_out(name: str, stream: str, actor: str, command_id: UUID | None) -> Iterator[Done]:
    """Around one command. What it refuses is told of here too; `done` tells of what it came to, once that stands."""
    began = perf_counter()
    names = {"command": name, "stream": stream, "actor": actor}
    if command_id:
        names["command_id"] = str(command_id)

    def tell(outcome: str, **more: object) -> None:
        COMMANDS.labels(name, outcome).inc()
        COMMAND_SECONDS.labels(name).observe(perf_counter() - began)
        span.attributes["outcome"] = outcome
        log.info("command", **names, outcome=outcome, **more)

    def done(recorded: Sequence[Recorded], *, repeated: bool, joined: asyncpg.Connection | None) -> None:
        def ended(committed: bool) -> None:
            with tracing.inside(span.trace):
                if committed:
                    span.attributes["events"] = len(recorded)
                    tell(
                        "repeated" if repeated else "done",
                        version=recorded[-1].version if recorded else None,
                        events=[{"id": str(each.id), "type": each.type} for each in recorded],
                        ms=round((perf_counter() - began) * 1000, 1),
                    )
                else:
                    tell("undone")
            span.end()

        span.held = True
        at_end(joined, ended)

    with tracing.span(f"command {name}", stream=stream) as span:
        try:
            yield done
        except Refused as refused:
            tell(refused.why.name.lower())
            raise
        except Exception as error:
            tell("away" if is_away(error) else "failed")
            raise
