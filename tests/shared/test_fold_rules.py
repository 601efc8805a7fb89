"""What becomes of an event from the bus: applied once and in order, else set aside or buried."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from shared.contract import Recorded
from shared.contract.event import Envelope, by_admin
from shared.contract.task import TaskDeleted
from shared.journal.dead_letters import Dead
from shared.journal.envelopes import Unreadable, read_again
from shared.journal.fold_rules import Aside, Fate, fate, received

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


DELETED = "events.task.1042.deleted"
PAID = "events.invoice.7.status_changed"
PLACE = 17  # in the stream that all events are in


def came(
    subject: str = DELETED, headers: Mapping[str, str] | None = None, **changed: Any
) -> tuple[Recorded | Dead, bytes]:
    """The third event of task 1042 as it comes from the bus, with changes to its envelope."""
    body = msgspec.json.encode(msgspec.to_builtins(event(3)) | changed)
    return received(body, subject, {"Nats-Msg-Id": str(ID)} if headers is None else headers, PLACE), body


def test_what_its_subject_says_is_read() -> None:
    """With its id as the message's own, or with none, as where a redacted stream is published anew."""
    assert came()[0] == came(headers={})[0] == event(3)
    assert came(headers={"Nats-Msg-Id": str(ID).upper(), "Nats-Expected-Stream": "EVENTS"})[0] == event(3)


@pytest.mark.parametrize("data", [{"type": "TaskDeleted"}, {"type": "TaskPainted"}, {"colour": "red"}, 7])
@pytest.mark.parametrize(
    ("subject", "changed", "headers"),
    [
        (PAID, {}, {}),
        ("events.task.1043.deleted", {}, {}),
        ("events.task.1042.completed", {}, {}),
        ("events.task.1042.deleted.twice", {}, {}),
        (DELETED, {"stream": "task.1043"}, {}),
        (DELETED, {"stream": "task.1042.deleted"}, {}),
        (DELETED, {"type": "TaskCompleted"}, {}),
        (DELETED, {"type": "Task.Deleted"}, {}),
        (DELETED, {"type": "Task\x00Deleted"}, {}),
        ("events.task.1042.", {"type": ""}, {}),
        (DELETED, {"version": 0}, {}),
        (DELETED, {"version": -1}, {}),
        (DELETED, {"version": 2**31}, {}),
        ("events.task.10\x0042.deleted", {"stream": "task.10\x0042"}, {}),
        (f"events.task.{'9' * 3000}.deleted", {"stream": f"task.{'9' * 3000}"}, {}),
        (DELETED, {}, {"Nats-Msg-Id": str(UUID(int=1043))}),
        (DELETED, {}, {"Nats-Msg-Id": "none"}),
        (DELETED, {}, {"Nats-Stream": "KV_sessions", "Nats-Subject": "$KV.sessions.abc"}),
    ],
)  # fmt: skip
def test_what_its_subject_does_not_say_is_filed_under_the_subject(
    subject: str, changed: dict[str, Any], headers: dict[str, str], data: Any
) -> None:
    """Whether what it holds could be read or not: the stream that it claims to be of goes on as if it had not come.
    Nothing that it says is repeated to others, nor longer than a table can keep it."""
    letter, body = came(subject, headers, data=data, **changed)
    assert isinstance(letter, Dead)
    known = subject.replace("\x00", "\N{REPLACEMENT CHARACTER}")[:200]
    assert (letter.stream, letter.version) == (f"unreadable.{known}.{PLACE}", 1)
    assert (letter.event, letter.type, letter.body) == (None, "?", body.decode())
    assert fate(letter, body, 0, blocked=False, lost=False) is letter


@pytest.mark.parametrize(
    "changed",
    [
        {"data": {"colour": "red"}},
        {"data": {"type": "TaskCompleted"}},
        {"data": {"type": "TaskCompleted", "technician": 77, "offer": 1}},
        {"data": {"type": "TechnicianDeleted"}},
        {"schema": 2},
        {"data": {"type": "TaskDeleted"}, "schema": 99},
    ],
)
def test_what_its_subject_says_but_nobody_can_read_is_filed_in_its_own_stream(
    changed: dict[str, Any],
) -> None:
    """Later ones of the stream wait behind it. Nobody guesses what a newer schema means, and of a technician a task's
    stream can't tell."""
    letter, body = came(**changed)
    assert isinstance(letter, Dead)
    assert (letter.stream, letter.version, letter.event, letter.type) == ("task.1042", 3, ID, "TaskDeleted")
    assert letter.error
    assert letter.body == body.decode()


def test_an_event_of_a_kind_that_a_newer_version_adds_is_filed_in_its_own_stream() -> None:
    """Until that version reads it."""
    letter, _ = came("events.task.1042.painted", type="TaskPainted", data={"type": "TaskPainted"})
    assert isinstance(letter, Dead)
    assert (letter.stream, letter.version, letter.type) == ("task.1042", 3, "TaskPainted")


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b"\xff", b"[" * 100_000, b'{"id": ' + b"[" * 100_000])
def test_what_is_no_envelope_is_filed_under_the_subject(body: bytes) -> None:
    """However it fails."""
    letter = received(body, DELETED, {}, PLACE)
    assert isinstance(letter, Dead)
    assert (letter.stream, letter.version) == (f"unreadable.{DELETED}.{PLACE}", 1)


def test_a_letter_is_read_again_as_what_it_was_filed_as_and_as_nothing_else() -> None:
    """One that claimed to be of another stream may well be read; it stays a letter."""
    body = msgspec.json.encode(event(3))
    assert read_again(body, "task.1042", 3) == event(3)
    for stream, version in (("task.1042", 2), ("task.1043", 3), (f"unreadable.{PAID}.{PLACE}", 1)):
        with pytest.raises(Unreadable, match="kept elsewhere"):
            read_again(body, stream, version)
    forged = msgspec.json.encode(msgspec.to_builtins(event(3)) | {"data": {"type": "TechnicianDeleted"}})
    with pytest.raises(Unreadable, match="data says otherwise"):
        read_again(forged, "task.1042", 3)
