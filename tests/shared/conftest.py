"""A writer and a reader on clean servers."""

from collections.abc import AsyncIterator

import pytest

from local.servers import Servers
from tests.conftest import SettingsFor
from tests.shared.floor import Two, floor


@pytest.fixture
async def two(settings_for: SettingsFor, clean: Servers) -> AsyncIterator[Two]:
    async with (
        floor(settings_for("tasks"), "tasks") as writer,
        floor(settings_for("reporting"), "reporting") as reader,
    ):
        yield Two(writer, reader, clean)
