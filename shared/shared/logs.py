"""Logging, set up once for a process."""

import logging

import structlog

_COMMON = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]


def for_people(level: str = "warning") -> None:
    """Short lines on the terminal, and only what needs a look."""
    _configure(level, structlog.dev.ConsoleRenderer())


def for_machines(level: str = "info") -> None:
    """One JSON object a line."""
    _configure(level, structlog.processors.JSONRenderer())


def _configure(level: str, renderer: structlog.typing.Processor) -> None:
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            *(_COMMON if isinstance(renderer, structlog.processors.JSONRenderer) else _COMMON[:-1]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=max(number, logging.WARNING), format="%(levelname)s %(name)s %(message)s")
