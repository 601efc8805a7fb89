"""The clock of a story: it goes where it is put, and never back, nor ahead of the system's."""

from datetime import UTC, datetime, timedelta

import pytest

from local.demo.clock import StoryClock
from shared import clock

LONG_AGO = datetime(2024, 5, 6, 7, 8, tzinfo=UTC)


def test_it_goes_on_from_where_it_was_put() -> None:
    story = StoryClock(LONG_AGO)
    story.move(LONG_AGO + timedelta(hours=3))
    shown = story.now()
    assert timedelta() <= shown - (LONG_AGO + timedelta(hours=3)) < timedelta(seconds=5)
    assert story.now() >= shown
    assert story.seconds() == pytest.approx(shown.timestamp(), abs=5)


def test_it_never_goes_back_nor_ahead() -> None:
    """What was written down later never seems to have happened before, or not to have happened yet."""
    story = StoryClock(LONG_AGO)
    story.move(LONG_AGO + timedelta(days=2))
    story.move(LONG_AGO)
    assert story.now() >= LONG_AGO + timedelta(days=2)
    story.move(datetime.now(UTC) + timedelta(days=2))
    assert story.now() <= datetime.now(UTC)


def test_ids_are_in_order_and_carry_its_time() -> None:
    """Many within one millisecond too: what is sorted by id is sorted by time (RFC 9562, section 5.7)."""
    story = StoryClock(LONG_AGO)
    ids = [story.new_id() for _ in range(500)]
    assert ids == sorted(ids)
    assert {each.version for each in ids} == {7}
    assert ids[0].int >> 80 == pytest.approx(LONG_AGO.timestamp() * 1000, abs=5000)
    story.move(LONG_AGO + timedelta(days=1))
    later = story.new_id()
    assert later > ids[-1]
    assert later.int >> 80 == pytest.approx((LONG_AGO + timedelta(days=1)).timestamp() * 1000, abs=5000)


def test_a_process_runs_on_the_systems_clock_but_for_a_block() -> None:
    """Also after an error in it."""

    def fails() -> None:
        with clock.running_on(StoryClock(LONG_AGO)):
            assert clock.now() - LONG_AGO < timedelta(seconds=5)
            assert clock.new_id().int >> 80 < LONG_AGO.timestamp() * 1000 + 5000
            raise ZeroDivisionError

    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    with pytest.raises(ZeroDivisionError):
        fails()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    ids = [clock.new_id() for _ in range(100)]
    assert ids == sorted(ids)
