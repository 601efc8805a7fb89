"""A line of the log is one JSON object, has the ids of its trace, and holds nothing private."""

import subprocess
import sys
from typing import Any

import msgspec
import pytest

from shared import tracing
from tests.people import within

SCRIPT = """
import asyncpg, logging, structlog
from shared import logs, tracing
logs.for_machines("info", "tasks")
log = structlog.get_logger()
{}
"""


def logged(script: str) -> list[dict[str, Any]]:
    """What a process of its own writes to its log when it runs this."""
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(script)], capture_output=True, text=True, check=True
    )
    return [msgspec.json.decode(line) for line in ran.stderr.splitlines()]


def test_a_line_has_its_service_its_level_and_its_trace() -> None:
    (line,) = logged("with tracing.span('click') as click: log.info('command', version=3)")
    assert (line["service"], line["level"], line["event"], line["version"]) == ("tasks", "info", "command", 3)
    assert len(line["trace_id"]) == 32
    assert len(line["span_id"]) == 16
    assert line["timestamp"].endswith("Z")


def test_what_a_library_says_is_a_line_of_the_same_kind() -> None:
    (line,) = logged("logging.getLogger('nats').error('no answer from %s', 'nats://tasks:hidden@nats:4222')")
    assert (line["event"], line["logger"], line["level"]) == (
        "no answer from nats://***@nats:4222",
        "nats",
        "error",
    )
    assert line["service"] == "tasks"


@pytest.mark.parametrize(
    "script",
    [
        "log.info('x', phone='hidden')",
        "log.info('x', Token='hidden')",
        "log.info('x', client={'address': 'hidden', 'more': [{'email': 'hidden'}]})",
        "log.info('https://api.telegram.org/bot4242:hidden_0123456789abcdef/sendMessage')",
        "log.warning('x', error='postgresql://tasks:hidden@postgres:5432/callout')",
        "log.warning('x', lines=['a', 'postgresql://tasks:hidden@postgres:5432/callout'])",
    ],
)
def test_what_is_private_is_masked(script: str) -> None:
    (line,) = logged(script)
    assert "hidden" not in str(line)
    assert "***" in str(line)


def test_a_long_address_of_digits_holds_nobody_up() -> None:
    """Anybody may ask for one, and while it is masked nothing else is answered."""
    (line,) = logged(
        "from time import process_time as now\n"
        "began = now()\n"
        "logs.without_private(None, '', {'path': '/static/' + '1' * 60_000 + ':'})\n"
        "log.info('told', seconds=now() - began)"
    )
    assert line["seconds"] < 1


def test_rows_that_the_database_quotes_are_masked_and_the_trace_stays() -> None:
    (line,) = logged(
        "told = {'C': '23505', 'M': 'twice', 'D': 'Key (name)=(\"hidden\") exists.'}\n"
        "try: raise asyncpg.UniqueViolationError.new(told)\n"
        "except Exception: log.exception('broke')"
    )
    assert "hidden" not in str(line)
    assert "UniqueViolationError: twice" in line["exception"]
    assert "DETAIL:" in line["exception"]


def test_a_value_that_does_not_fit_its_column_is_masked() -> None:
    """As asyncpg says it."""
    (line,) = logged(
        "try: raise asyncpg.DataError(\"invalid input for query argument $12: 'hidden' (expected an int)\")\n"
        "except Exception: log.exception('broke')"
    )
    assert "hidden" not in str(line)
    assert "DataError: invalid input for query argument ***" in line["exception"]


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n",
        "x" * 10_000,
    ],
)
def test_what_is_no_traceparent_is_ignored(given: str | None) -> None:
    assert tracing.read(given) is None


def test_a_trace_goes_on_where_it_was_handed_over() -> None:
    """The same trace, another span, and whether it is recorded stays as it was decided first."""
    given = tracing.read("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")
    assert given
    with tracing.span("here", after=given) as here:
        assert tracing.current() == here.trace
        handed = tracing.read(tracing.header())
    assert handed == here.trace
    assert (here.trace.trace_id, here.trace.sampled) == (given.trace_id, False)
    assert here.trace.span_id != given.span_id
    assert tracing.current() is None


def test_no_collector_no_libraries() -> None:
    """They would take memory, and time at each start."""
    script = (
        "import sys, local.up\n"
        "tracing.export_as('tasks')()\n"
        "assert not {'opentelemetry.sdk', 'opentelemetry.exporter', 'requests', 'google.protobuf'} & set(sys.modules)"
    )
    assert logged(script) == []


@pytest.mark.parametrize("listens", [True, False], ids=["silent", "gone"])
async def test_a_collector_that_does_not_answer_holds_up_no_stop(listens: bool) -> None:
    """What is left for it is dropped, which one line says."""
    script = (
        "import socket, time\n"
        "collector = socket.create_server(('127.0.0.1', 0))\n"
        "from shared import telemetry\n"
        "stop = telemetry.send_to(f'http://127.0.0.1:{collector.getsockname()[1]}', 'tasks')\n"
        f"if not {listens}: collector.close()\n"
        "for _ in range(1500):\n"
        "    with tracing.span('click'): pass\n"
        "began = time.monotonic()\n"
        "stop()\n"
        "log.info('stopped', seconds=time.monotonic() - began)\n"
        "time.sleep(1)"
    )

    async def stopped() -> float:
        lines = logged(script)
        assert [line["event"] for line in lines if "logger" not in line] == ["spans dropped", "stopped"]
        assert lines[-1]["event"] == "stopped"
        return float(lines[-1]["seconds"])

    await within(3, stopped)


@pytest.mark.parametrize("sampler", ["parentbased_traceidratio", "traceidratio"])
def test_a_trace_is_recorded_as_a_whole_or_not_at_all(sampler: str) -> None:
    """Whoever goes on with it keeps to what was decided where it began."""
    (line,) = logged(
        f"import os; os.environ |= {{'OTEL_TRACES_SAMPLER': '{sampler}', 'OTEL_TRACES_SAMPLER_ARG': '0.5'}}\n"
        "from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter\n"
        "from shared import telemetry\n"
        "told = InMemorySpanExporter()\n"
        "telemetry.OTLPSpanExporter = lambda _: told\n"
        "stop = telemetry.send_to('http://collector:4318', 'tasks')\n"
        "for _ in range(100):\n"
        "    with tracing.span('click') as click: pass\n"
        "    with tracing.span('fold', after=tracing.read(click.trace.header)): pass\n"
        "stop()\n"
        "of = lambda name: [f'{each.context.trace_id:x}' for each in told.get_finished_spans() if each.name == name]\n"
        "log.info('told', clicks=of('click'), folds=of('fold'))"
    )
    assert line["clicks"] == line["folds"]
    assert 0 < len(line["clicks"]) < 100
