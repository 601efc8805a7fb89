"""Logging, set up once for a process."""

import logging
import sys

import structlog

_COMMON: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def for_people(level: str = "warning") -> None:
    """Short lines on the terminal, and only what needs a look. No local variables: they may be private."""
    _configure(level, [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)])


def for_machines(level: str = "info") -> None:
    """One JSON object a line."""
    _configure(level, [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()])


def _configure(level: str, rendering: list[structlog.typing.Processor]) -> None:
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*_COMMON, *rendering],
        # standard output is for answers, such as a new token
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(number),
        cache_logger_on_first_use=True,
    )
    # At each failed try, with a trace; whoever wants a connection says so in a line.
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)
    logging.basicConfig(level=max(number, logging.WARNING), format="%(levelname)s %(name)s %(message)s")
