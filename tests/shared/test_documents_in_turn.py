"""Documents are made two at a time, since each takes a core and memory, however many somebody asks for."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from shared import document
from shared.document import Press
from shared.language import speaking, spoken
from shared.refusal import Refused, Why
from tests.people import PATIENCE, eventually


class Work:
    """Documents that are done when they are told to be."""

    def __init__(self) -> None:
        self.begun = 0
        self.done = threading.Event()

    def make(self) -> str:
        self.begun += 1
        assert self.done.wait(PATIENCE)
        return "a document"

    async def has_begun(self, count: int) -> None:
        async def look() -> bool:
            return self.begun == count

        await eventually(look)


async def refused(asking: Callable[[], str], press: Press) -> None:
    with pytest.raises(Refused, match="Too many documents") as told:
        await press.make(asking)
    assert told.value.why is Why.UNAVAILABLE


async def test_two_are_made_at_a_time_and_a_few_wait() -> None:
    """Whoever comes then is asked to come again; those who wait get theirs."""
    press, work = Press(), Work()
    asking = [asyncio.create_task(press.make(work.make)) for _ in range(document.AT_ONCE + document.WAITING)]
    await work.has_begun(2)
    await refused(work.make, press)
    work.done.set()
    assert set(await asyncio.gather(*asking)) == {"a document"}
    assert work.begun == document.AT_ONCE + document.WAITING
    assert await press.make(work.make) == "a document"


async def test_who_goes_away_is_not_waited_for() -> None:
    """A closed page gives its place back; what was begun keeps its own until it has ended."""
    press, work = Press(at_once=1, waiting=1), Work()
    begun = asyncio.create_task(press.make(work.make))
    await work.has_begun(1)
    waits = asyncio.create_task(press.make(work.make))
    await asyncio.sleep(0)
    waits.cancel()
    begun.cancel()
    await asyncio.gather(waits, begun, return_exceptions=True)
    next_one = asyncio.create_task(press.make(work.make))
    await asyncio.sleep(0)
    await refused(work.make, press)
    assert work.begun == 1, "two would be made at once"
    work.done.set()
    assert await next_one == "a document"


async def test_who_waits_too_long_is_told() -> None:
    """Rather than kept: the one who asked has gone by then."""
    press, work = Press(at_once=1, waiting=5, patience=0.1), Work()
    asking = [asyncio.create_task(press.make(work.make)) for _ in range(3)]
    assert [type(each) for each in await asyncio.gather(*asking, return_exceptions=True)] == [Refused] * 3
    work.done.set()
    assert await press.make(lambda: "another") == "another"
    assert work.begun == 1, "those who were told had theirs taken out of the line"


async def test_what_is_wrong_with_one_is_its_own() -> None:
    """Its error reaches whoever asked, and its language is theirs."""
    press = Press(at_once=1)
    with pytest.raises(ZeroDivisionError):
        await press.make(lambda: 1 // 0)
    with speaking("ar"):
        assert await press.make(spoken) == "ar"
