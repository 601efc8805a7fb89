"""Logging, set up once for a process. A line holds ids, kinds and counts; what is private is masked all the same."""

import logging
import re
import sys
from typing import Any

import msgspec
import structlog

from shared import tracing

PRIVATE = frozenset(
    {
        *("phone", "email", "address", "notes", "client_name", "text", "payload", "body", "query"),
        *("token", "password", "secret", "cookie", "authorization", "dsn"),
    }
)
"""Names of values that are in no line, wherever they stand in it."""
MASK = "***"

_SECRET = re.compile(
    "|".join(
        (
            r"(?<!\d)\d+:[A-Za-z0-9_-]{16,}",  # a bot's token; begun at each digit, a long number would take seconds
            r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)",  # who logs in to the server of an address
            r"(?<=DETAIL: )[^\n]*",  # a row that PostgreSQL quotes in its error
            r"(?<=query argument )[^\n]*",  # a value that asyncpg quotes in its own
        )
    )
)


def for_people(level: str = "warning") -> None:
    """Short lines on the terminal, and only what needs a look. No local variables: they may be private."""
    console = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    # standard output is for answers, such as a new token
    _configure(level, [without_private, console, _masked], structlog.PrintLoggerFactory(sys.stderr))


def for_machines(level: str = "info", service: str = "") -> None:
    """One JSON object a line, also of what libraries say."""

    def named(_logger: Any, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
        line.setdefault("service", service)
        return line

    _configure(
        level,
        [
            named,
            structlog.processors.format_exc_info,
            without_private,
            structlog.processors.JSONRenderer(serializer=_json),
        ],
        structlog.BytesLoggerFactory(sys.stderr.buffer),
    )


def _configure(level: str, rendering: list[structlog.typing.Processor], factory: Any) -> None:
    number = logging.getLevelNamesMapping()[level.upper()]
    common: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _traced,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *rendering,
    ]
    structlog.configure(
        processors=common,
        logger_factory=factory,
        wrapper_class=structlog.make_filtering_bound_logger(number),
        cache_logger_on_first_use=True,
    )
    # At each failed try, with a trace; whoever wants a connection says so in a line.
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)
    libraries = logging.StreamHandler(sys.stderr)
    libraries.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                _library,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *common,
                _text,
            ]
        )
    )
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[libraries], force=True)


def _traced(_logger: Any, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if trace := tracing.current():
        line.setdefault("trace_id", trace.trace_id)
        line.setdefault("span_id", trace.span_id)
    return line


def _library(_logger: Any, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    record: logging.LogRecord = line["_record"]
    line["logger"] = record.name
    line["exc_info"] = record.exc_info
    return line


def without_private(
    _logger: Any, _method: str, line: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Takes out what is private by its name, and secrets from all else."""
    return {name: _of(name, value) for name, value in line.items()}


def _of(name: Any, value: Any) -> Any:
    return MASK if str(name).lower() in PRIVATE else _cleaned(value)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return _SECRET.sub(MASK, value) if ":" in value else value  # no secret is without one
    if isinstance(value, dict):
        return {name: _of(name, each) for name, each in value.items()}
    if isinstance(value, list):
        return [_cleaned(each) for each in value]
    return value


def _json(line: Any, **_: Any) -> bytes:
    return msgspec.json.encode(line, enc_hook=repr)


def _text(_logger: Any, _method: str, line: Any) -> str:
    return line.decode() if isinstance(line, bytes) else line


def _masked(_logger: Any, _method: str, line: Any) -> str:
    """What the renderer added, such as a traceback."""
    return _SECRET.sub(MASK, line)
