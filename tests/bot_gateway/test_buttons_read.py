"""Callback data: at most 64 bytes, and whatever is not exactly ours is forged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot_gateway.domain import OfferState
from bot_gateway.telegram.keyboards import (
    Explanation,
    Press,
    Reason,
    read,
    reasons,
    under_client,
    under_task,
)
from shared.contract.task import Action

BIG = 10**15 - 1


def data(keyboard: list[list[tuple[str, str]]]) -> list[str]:
    return [data for row in keyboard for _, data in row]


def test_what_is_written_can_be_read() -> None:
    """Every button of every keyboard comes back as the press that it is, within Telegram's 64 bytes."""
    written = [
        *data(under_task(BIG, 10**9 - 1, OfferState.OPEN)),
        *data(under_client(BIG, 10**9 - 1, OfferState.IN_PROGRESS)),
        *data(reasons(BIG, 10**9 - 1)),
    ]
    assert [read(each) for each in written] == [
        Press(BIG, 10**9 - 1, Action.ACCEPT),
        Press(BIG, 10**9 - 1, Action.REJECT),
        Press(BIG, 10**9 - 1, Action.COMPLETE),
        *(Explanation(BIG, 10**9 - 1, reason) for reason in Reason),
    ]
    assert max(len(each.encode()) for each in written) <= 64


@pytest.mark.parametrize(
    "forged",
    [
        None, "", "t", "t:1042:1", "t:1042:1:explain", "t:1042:1:delete", "t:-1:1:accept", "t:0:1:accept",
        "t:1042:0:accept", "t:1042:1:accept ", " t:1042:1:accept", "t:1042:1:accept\n", "T:1042:1:accept",
        "t:١٠٤٢:1:accept", "t:1e3:1:accept", "t:1042:1:accept:x", "x:1042:1:accept", "t:01042:1:accept",
        f"t:{10**30}:1:accept", "r:1042:1:accept", "t:1042:1:far", "'; DROP TABLE updates; --",
    ],
)  # fmt: skip
def test_forged(forged: str | None) -> None:
    """Nothing is guessed."""
    assert read(forged) is None


@given(st.text(max_size=64))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever a modified app sends, it is a press that we could have written, or none."""
    found = read(text)
    assert found is None or text.startswith(("t:", "r:"))


@pytest.mark.parametrize("state", [state for state in OfferState if state is not OfferState.OPEN])
def test_only_an_open_offer_can_be_answered(state: OfferState) -> None:
    """Accept and Reject are under nothing else."""
    assert under_task(1042, 1, state) == []


def test_a_copy_of_a_task_in_progress_can_be_completed() -> None:
    """/tasks shows each open task with its buttons again."""
    assert data(under_task(1042, 1, OfferState.IN_PROGRESS, copy=True)) == ["t:1042:1:complete"]
