"""Walks every state that any order of commands can reach, with every command in each."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from typing import TypeAlias

from shared.contract.task import (
    ClientInfoSent,
    OfferWithdrawn,
    RejectionTakenBack,
    Status,
    TaskDetails,
    TaskEvent,
    TaskSent,
    TaskStatusChanged,
)
from shared.refusal import Refused
from tasks.domain.task import (
    HELD,
    AcceptTask,
    AssignTask,
    CallTheOffice,
    Command,
    CompleteTask,
    CreateTask,
    DeleteTask,
    EditTask,
    ExplainRejection,
    FreeTask,
    FromTechnician,
    RejectTask,
    SendClientInfo,
    SendTask,
    SetStatus,
    TakeBackRejection,
    Task,
    TaskCommand,
    decide,
    evolve,
)
from tests.tasks.examples import PRESSED

TECHNICIANS, OFFERS = (1, 2), (1, 2, 3)
PLAIN = TaskDetails("plain")


def every_command() -> Iterator[TaskCommand]:
    yield CreateTask(1, PLAIN, 1)
    yield EditTask(PLAIN, 1)  # another title would double the states and show nothing more
    yield SendTask()
    yield SendClientInfo()
    yield DeleteTask()
    for status in Status:
        yield SetStatus(status)
    for technician in TECHNICIANS:
        yield CreateTask(1, PLAIN, 1, technician)
        yield AssignTask(technician)
        yield FreeTask(technician)
        for offer in OFFERS:
            yield AcceptTask(technician, offer)
            yield RejectTask(technician, offer)
            yield RejectTask(technician, offer, "why")
            yield CompleteTask(technician, offer)
            yield ExplainRejection(technician, offer, "why")
            for after in (timedelta(seconds=59), timedelta(seconds=61)):
                yield TakeBackRejection(technician, offer, PRESSED, PRESSED + after)


COMMANDS = list(every_command())


Step: TypeAlias = tuple[Task, TaskCommand, list[TaskEvent] | Refused, Task]


@cache
def walk() -> list[Step]:
    """Every (state, command, answer, state after), up to three offers."""
    return list(steps())


def steps() -> Iterator[Step]:
    seen, todo = {Task()}, [Task()]
    while todo:
        task = todo.pop()
        for command in COMMANDS:
            after = task
            answer: list[TaskEvent] | Refused
            try:
                answer = decide(command, task)
            except Refused as refused:
                answer = refused
            else:
                for event in answer:
                    after = evolve(after, event)
            yield task, command, answer, after
            if after is not task and after not in seen and after.offer <= len(OFFERS):
                seen.add(after)
                todo.append(after)


def test_every_reachable_state_makes_sense() -> None:
    """In no order of commands does a rule leave a hole."""
    states: set[Task] = set()
    for before, command, answer, after in walk():
        states.add(after)
        case = (command, before, answer)
        needs_technician = after.status in HELD | {Status.REJECTED, Status.COMPLETED}
        assert not needs_technician or after.technician is not None, case
        assert after.status is not Status.NEW or after.technician is None, case
        assert after.status is not Status.SENT or after.stands, case
        # An offer that stands has a technician, and is nobody's once the task is new, assigned, cancelled.
        assert not after.stands or (after.technician is not None and after.offer > 0), case
        ended = {Status.NEW, Status.ASSIGNED, Status.CANCELLED, Status.DELETED}
        assert not after.stands or after.status not in ended, case
        assert after.offer >= before.offer, case
        assert after.explained <= {offer for offer, _ in after.rejected}, case
        if isinstance(answer, Refused):
            sentence = answer.sentence
            assert sentence[0].isupper(), case
            assert sentence.endswith((".", "!")), case
            assert "None" not in sentence, case
    assert {state.status for state in states} == set(Status)
    assert len(states) > 100


def test_a_dead_offer_never_acts() -> None:
    """Accept, reject and complete give events only by the holder of an offer that stands."""
    acted: Counter[str] = Counter()
    for before, command, answer, _ in walk():
        if isinstance(command, FromTechnician) and isinstance(answer, list) and answer:
            acted[type(command).__name__] += 1
            if isinstance(command, ExplainRejection):
                assert (command.offer, command.technician) in before.rejected
            else:
                assert before.stands
                assert (command.technician, command.offer) == (before.technician, before.offer)
    assert set(acted) == {
        "AcceptTask",
        "RejectTask",
        "CompleteTask",
        "ExplainRejection",
        "TakeBackRejection",
    }


def test_whoever_is_sent_to_the_office_is_given_its_number() -> None:
    """Each refusal to a technician that asks to call, in whatever state, is one that the number is added to."""
    sent = set()
    for _, command, answer, _ in walk():
        if isinstance(command, FromTechnician) and isinstance(answer, Refused):
            asks = "call the office" in answer.sentence.lower() or "ask the office" in answer.sentence.lower()
            assert isinstance(answer, CallTheOffice) is asks, answer.sentence
            sent.add(type(command).__name__ if asks else "")
    assert sent == {"", "AcceptTask", "RejectTask", "TakeBackRejection"}


def test_a_rejection_taken_back_never_was() -> None:
    """Wherever it is taken back, within its minute: the offer is open again, as it was before the rejection, and what
    was sent, accepted, completed, reassigned or settled by hand meanwhile is taken back by nobody."""
    seen = 0
    for before, command, answer, after in walk():
        if not isinstance(command, TakeBackRejection) or not isinstance(answer, list) or not answer:
            continue
        seen += 1
        assert answer == [RejectionTakenBack(command.technician, command.offer)]
        assert (before.status, after.status) == (Status.REJECTED, Status.SENT)
        assert command.at - command.rejected_at == timedelta(seconds=59)
        [*_, rejection] = decide(RejectTask(command.technician, command.offer), after)
        again = evolve(after, rejection)
        assert again.rejected == before.rejected
        assert again.explained == before.explained - {command.offer}
        assert decide(ExplainRejection(command.technician, command.offer, "new"), again)
        assert decide(AcceptTask(command.technician, command.offer), after)
    assert seen > 10


def test_who_loses_an_open_offer_is_told() -> None:
    """Whenever an offer that could be acted on ends otherwise than by its own answer, it is withdrawn or replaced."""
    for before, command, answer, after in walk():
        was_open = before.stands and before.status in {Status.SENT, Status.ACCEPTED, Status.IN_PROGRESS}
        if isinstance(answer, list) and was_open and not after.stands:
            assert answer[0] == OfferWithdrawn(before.technician or 0, before.offer), command


def test_client_data_goes_out_only_after_acceptance() -> None:
    """ClientInfoSent comes from accepted or in progress alone, and from nothing but its own command."""
    for before, command, answer, _ in walk():
        if isinstance(answer, list) and any(isinstance(event, ClientInfoSent) for event in answer):
            assert isinstance(command, SendClientInfo)
            assert before.status in {Status.ACCEPTED, Status.IN_PROGRESS}


def test_the_same_command_again_is_harmless() -> None:
    """A technician's command straight after itself gives no second event; so do edit, assign and free."""
    again = (FromTechnician, EditTask, AssignTask, FreeTask)
    for _, command, answer, after in walk():
        if isinstance(command, again) and isinstance(answer, list):
            assert decide(command, after) == [], (command, after)


def test_the_task_never_changes_by_what_changes_nothing() -> None:
    """A status event always names the status it came from, and offers are numbered one by one."""
    for before, command, answer, _ in walk():
        if isinstance(answer, list):
            for event in answer:
                if isinstance(event, TaskStatusChanged):
                    assert event.before is before.status
                    assert event.before is not event.after
                if isinstance(event, TaskSent):
                    assert event.offer == before.offer + 1
        assert isinstance(command, Command)
