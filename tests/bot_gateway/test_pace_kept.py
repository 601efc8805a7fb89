"""Telegram's limits, as simulated time: about 30 a second in all, one a second in a chat after a short burst."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot_gateway.telegram.limits import CHAT_BURST, Pace


def most_within(moments: list[float], window: float) -> int:
    return max(sum(start <= moment < start + window for moment in moments) for start in moments)


def test_never_more_than_thirty_in_any_second() -> None:
    """Five hundred at once."""
    pace = Pace()
    moments = [pace.everyone(100.0) for _ in range(500)]
    assert most_within(moments, 1.0) <= 30
    assert max(moments) < 500 / 24


def test_one_chat_gets_a_short_burst_and_then_one_a_second() -> None:
    """What belongs together goes out together."""
    pace = Pace()
    moments = [pace.chat(7, 100.0) for _ in range(10)]
    assert moments[:CHAT_BURST] == [0.0] * CHAT_BURST
    assert most_within(moments[CHAT_BURST:], 1.0) == 1


def test_a_slow_chat_slows_no_other() -> None:
    """Each chat has its own measure."""
    pace = Pace()
    for _ in range(100):
        pace.chat(7, 100.0)
    assert pace.chat(8, 100.0) == 0.0


def test_a_quiet_chat_gets_its_burst_back() -> None:
    """After a few seconds without a message."""
    pace = Pace()
    for _ in range(CHAT_BURST):
        pace.chat(7, 100.0)
    assert pace.chat(7, 110.0) == 0.0


@given(st.lists(st.floats(0, 3), min_size=1, max_size=200))
def test_whenever_they_come_the_limit_holds(gaps: list[float]) -> None:
    """The moments at which calls go out, each after its own wait, one after the other."""
    pace, now, moments = Pace(), 1000.0, []
    for gap in gaps:
        now += gap
        now += pace.everyone(now)
        moments.append(now)
    assert most_within(moments, 1.0) <= 31


def test_a_server_that_allows_more_is_used_faster() -> None:
    """Ten times as fast: in all, and in one chat."""
    plain, fast = Pace(), Pace(times=10)
    everyone = [[pace.everyone(100.0) for _ in range(200)][-1] for pace in (plain, fast)]
    one_chat = [[pace.chat(7, 100.0) for _ in range(20)][-1] for pace in (plain, fast)]
    assert everyone[0] / everyone[1] == pytest.approx(10)
    assert one_chat[0] / one_chat[1] == pytest.approx(10)
