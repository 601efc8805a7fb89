"""A notification is put into words and JSON once for all sockets of a language, however many there are."""

from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from notifier import sockets
from shared.contract.technician import TechnicianRegistered
from tests.notifier.conftest import Running
from tests.notifier.examples import SAMI


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The language of each encoding, in order."""
    languages: list[str] = []
    encode = sockets.encoded

    def counted(arrived: Any, language: str) -> Any:
        languages.append(language)
        return encode(arrived, language)

    monkeypatch.setattr(sockets, "encoded", counted)
    return languages


async def test_forty_sockets_in_two_languages_are_two_encodings(
    notifier: Running, owner: httpx.AsyncClient, encoded: list[str]
) -> None:
    """And each of the forty hears it."""
    session = f"callout_session={owner.cookies['callout_session']}"
    async with AsyncExitStack() as stack:
        opened = [
            await stack.enter_async_context(
                notifier.socket(Cookie=f"{session}; callout_language={language}", Origin=notifier.url)
            )
            for language in ("en", "ar") * 20
        ]
        await notifier.publish("technician.77", "technician:77", TechnicianRegistered(SAMI, "Sami"))
        heard = [await socket.recv() for socket in opened]
    assert len(heard) == 40
    assert sorted(encoded) == ["ar", "en"]
