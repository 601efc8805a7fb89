"""What is shown of Telegram is as it is now or absent; measuring is no reason to cease to lead."""

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from bot_gateway import views
from bot_gateway.telegram import gauges
from tests.bot_gateway.conftest import Gateway
from tests.people import eventually

SERIES = (
    ("callout_deliveries_waiting", {"service": "bot-gateway"}),
    ("callout_deliveries_oldest_seconds", {"service": "bot-gateway"}),
    ("callout_telegram_link", {"state": "connected"}),
)
RESTARTS = ("callout_worker_restarts_total", {"service": "bot-gateway", "worker": "Service._lead"})


async def shown(*, everything: bool) -> None:
    async def so() -> bool:
        """the gauges"""
        return {REGISTRY.get_sample_value(*each) is not None for each in SERIES} == {everything}

    await eventually(so)


@pytest.mark.parametrize(
    "trouble", [ValueError("a fault of ours"), ConnectionRefusedError()], ids=["fault", "away"]
)
async def test_what_can_not_be_measured_is_absent_until_it_can_be(
    bare: Gateway, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    """The replica leads on meanwhile. A fault is logged; a database that is away is told of by others."""

    async def breaks(_: object) -> None:
        raise trouble

    monkeypatch.setattr(gauges, "EVERY", 0.05)
    await bare.restart()
    await shown(everything=True)
    restarts = REGISTRY.get_sample_value(*RESTARTS)
    with capture_logs() as logged:
        with monkeypatch.context() as broken:
            broken.setattr(views, "queue", breaks)
            await shown(everything=False)
        await shown(everything=True)
    assert ("not measured" in {line["event"] for line in logged}) == isinstance(trouble, ValueError)
    assert REGISTRY.get_sample_value(*RESTARTS) == restarts
