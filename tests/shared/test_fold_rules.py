"""What becomes of an event from the bus: applied once and in order, else set aside or buried."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from shared.contract import Recorded
from shared.contract.event import Envelope, by_admin
from shared.contract.task import TaskDeleted
from shared.journal.dead_letters import Dead
from shared.journal.fold_rules import Aside, Fate, fate

BODY = b'{"as": "it came"}'
ID = UUID(int=1042)


def event(version: int) -> Recorded:
    at = datetime(2026, 5, 4, tzinfo=UTC)
    return Envelope(ID, "task.1042", version, "TaskDeleted", 1, at, by_admin("anna"), TaskDeleted())


def unreadable(version: int) -> Dead:
    return Dead("task.1042", version, ID, "TaskPainted", BODY.decode(), "Invalid value 'TaskPainted'")


def letter(version: int, error: str | None) -> Dead:
    return Dead("task.1042", version, ID, "TaskDeleted", BODY.decode(), error)


def becomes(came: Recorded | Dead, *, blocked: bool = False, lost: bool = False) -> Fate:
    """On a stream whose third event was the last to be taken in."""
    return fate(came, BODY, 3, blocked=blocked, lost=lost)


def test_the_next_one_is_applied() -> None:
    """However often it was given before."""
    assert becomes(event(4)) == becomes(event(4), lost=True) == event(4)


def test_the_first_one_is_next_on_a_stream_never_seen() -> None:
    """No cursor counts as version 0."""
    assert fate(event(1), BODY, 0, blocked=False, lost=False) == event(1)


@pytest.mark.parametrize("version", [1, 3])
@pytest.mark.parametrize("lost", [False, True])
def test_one_taken_in_before_is_skipped(version: int, lost: bool) -> None:
    """A second time changes nothing, not even where it can't be read."""
    assert becomes(event(version), lost=lost) is Aside.SKIP
    assert becomes(unreadable(version), lost=lost) is Aside.SKIP


@pytest.mark.parametrize("version", [1, 3])
@pytest.mark.parametrize("lost", [False, True])
def test_one_buried_before_comes_again(version: int, lost: bool) -> None:
    """Where its stream has dead letters it may be one of them, and may have been redacted since."""
    assert becomes(event(version), blocked=True, lost=lost) is Aside.AGAIN
    assert becomes(unreadable(version), blocked=True, lost=lost) is Aside.AGAIN


@pytest.mark.parametrize("blocked", [False, True])
def test_one_that_came_too_early_waits(blocked: bool) -> None:
    """The one between may still come; this holds behind a dead letter too, so that letters lie in order."""
    assert becomes(event(5), blocked=blocked) is Aside.WAIT
    assert becomes(unreadable(5), blocked=blocked) is Aside.WAIT


def test_one_after_a_gap_waited_for_in_vain_is_buried() -> None:
    """Its error names the version that is missing."""
    assert becomes(event(6), lost=True) == letter(6, "version 4 of this stream never came")


@pytest.mark.parametrize("version", [4, 6])
def test_one_that_cannot_be_read_is_buried_with_its_own_error(version: int) -> None:
    """That says more than a gap before it."""
    assert becomes(unreadable(version), lost=True) == unreadable(version)


@pytest.mark.parametrize("version", [4, 6])
def test_behind_a_dead_letter_all_are_buried_without_an_error(version: int) -> None:
    """They only wait for it, and nobody is told of them; so does one that can't be read, until its turn comes."""
    assert becomes(event(version), blocked=True, lost=True) == letter(version, None)
    waiting = becomes(unreadable(version), blocked=True, lost=True)
    assert isinstance(waiting, Dead)
    assert (waiting.version, waiting.error) == (version, None)
