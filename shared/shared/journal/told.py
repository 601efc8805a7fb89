"""What a command leaves in the log, in the metrics and among the spans; `Journal.handle` is where each comes by."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Protocol
from uuid import UUID

import structlog

from shared import tracing
from shared.contract import Recorded
from shared.metrics import COMMAND_SECONDS, COMMANDS
from shared.refusal import Refused

log = structlog.get_logger()


class Done(Protocol):
    def __call__(self, recorded: Sequence[Recorded], *, repeated: bool) -> None: ...


@contextmanager
def carried_out(name: str, stream: str, actor: str, command_id: UUID | None) -> Iterator[Done]:
    """Around one command. What it refuses is told of here too; `done` tells of what it came to."""
    began = perf_counter()
    names = {"command": name, "stream": stream, "actor": actor}
    if command_id:
        names["command_id"] = str(command_id)

    def tell(outcome: str, **more: object) -> None:
        COMMANDS.labels(name, outcome).inc()
        log.info("command", **names, outcome=outcome, **more)

    def done(recorded: Sequence[Recorded], *, repeated: bool) -> None:
        span.attributes["events"] = len(recorded)
        tell(
            "repeated" if repeated else "done",
            version=recorded[-1].version if recorded else None,
            events=[{"id": str(each.id), "type": each.type} for each in recorded],
            ms=round((perf_counter() - began) * 1000, 1),
        )

    with tracing.span(f"command {name}", stream=stream) as span:
        try:
            yield done
        except Refused as refused:
            tell(refused.why.name.lower())
            raise
        except Exception:
            tell("failed")
            raise
        finally:
            COMMAND_SECONDS.labels(name).observe(perf_counter() - began)
