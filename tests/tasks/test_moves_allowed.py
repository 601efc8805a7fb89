"""What the pages offer is what the rules allow, in every state that can be reached."""

from functools import reduce

from shared.contract.task import OfferWithdrawn, Status, TaskDeleted
from shared.refusal import Refused
from tasks.domain.moves import (
    COMMANDS,
    SET_BY,
    SHOWN,
    Move,
    Question,
    allowed,
    dropped,
    question,
    targets,
    undo,
)
from tasks.domain.task import AssignTask, SendClientInfo, SendTask, SetStatus, Task, decide, evolve
from tests.tasks import examples as ex
from tests.tasks.examples import folded
from tests.tasks.test_every_reachable_state import walk


def states() -> set[Task]:
    return {before for before, *_ in walk()}


def refused(command: object, task: Task) -> bool:
    try:
        decide(command, task)  # type: ignore[arg-type]  # any command
    except Refused:
        return True
    return False


def test_nothing_is_offered_that_would_be_refused() -> None:
    """Every button, every status, every column lit up on the board: pressed or dropped, it is carried out."""
    for task in states():
        found = allowed(task)
        for move in found.moves:
            assert move is Move.INVOICE or not refused(COMMANDS[move], task), (move, task)
        for status in found.statuses:
            assert not refused(SetStatus(status), task), (status, task)
        for column in targets(task):
            assert not refused(dropped(task, column), task), (column, task)


def test_nothing_is_kept_back_that_would_be_allowed() -> None:
    """What is missing would be refused, or says nothing in this status."""
    for task in states():
        found = allowed(task)
        for move, command in COMMANDS.items():
            if move not in SET_BY and move not in found.moves:
                assert refused(command, task), (move, task)
        assert set(found.statuses) == {status for status in Status if not refused(SetStatus(status), task)}
        for column in SHOWN:
            if column is not task.status and column not in targets(task):
                assert refused(dropped(task, column), task), (column, task)


def test_a_row_knows_what_the_whole_story_knows() -> None:
    """The board has the status, whether somebody holds the task, and whether the offer stands: that says as much."""
    for task in states():
        row = Task(task.status, technician=1 if task.technician else None, stands=task.stands)
        assert allowed(row) == allowed(task), task
        assert targets(row) == targets(task), task
        for column in targets(task):
            assert type(dropped(row, column)) is type(dropped(task, column)), task


def test_the_likely_move_is_first() -> None:
    """What a dispatcher does next, in each step of the workflow."""
    steps = {
        ex.NEW: Move.ASSIGN,
        ex.ASSIGNED: Move.SEND,
        ex.SENT: Move.SEND,
        ex.REJECTED: Move.ASSIGN,
        ex.ACCEPTED: Move.CLIENT_INFO,
        ex.IN_PROGRESS: Move.COMPLETE,
        ex.COMPLETED: Move.INVOICE,
    }
    assert {history: allowed(folded(history)).moves[0] for history in steps} == steps
    assert Move.WITHDRAW in allowed(folded(ex.SENT)).moves
    assert allowed(folded([*ex.NEW, TaskDeleted()])).moves == ()


def test_a_drop_does_what_the_column_means() -> None:
    """Into *sent* it sends; from accepted into *in progress* the client info goes out; else the status is set."""
    assert dropped(folded(ex.ASSIGNED), Status.SENT) == SendTask()
    assert dropped(folded(ex.ACCEPTED), Status.IN_PROGRESS) == SendClientInfo()
    assert dropped(folded(ex.NEW), Status.ASSIGNED) == AssignTask(0)
    assert dropped(folded(ex.SENT), Status.ASSIGNED) == SetStatus(Status.ASSIGNED)
    assert dropped(folded(ex.IN_PROGRESS), Status.COMPLETED) == SetStatus(Status.COMPLETED)
    assert set(targets(folded(ex.NEW))) == {Status.ASSIGNED, Status.CANCELLED}


def test_a_drop_is_asked_about_where_a_technician_loses_the_task_or_was_not_asked() -> None:
    """Every drop that the rules allow and that is no choice of a technician; what is not listed happens at once."""
    histories = {
        Status.NEW: ex.NEW,
        Status.ASSIGNED: ex.ASSIGNED,
        Status.SENT: ex.SENT,
        Status.REJECTED: ex.REJECTED,
        Status.ACCEPTED: ex.ACCEPTED,
        Status.IN_PROGRESS: ex.IN_PROGRESS,
        Status.COMPLETED: ex.COMPLETED,
    }
    skips = {Status.ACCEPTED, Status.IN_PROGRESS, Status.COMPLETED}
    loses = {Status.NEW, Status.REJECTED, Status.ASSIGNED, Status.CANCELLED}
    asked = {
        Status.ASSIGNED: dict.fromkeys(skips, Question.SKIPS),
        Status.SENT: dict.fromkeys(skips, Question.SKIPS),
        Status.REJECTED: dict.fromkeys(skips, Question.SKIPS),
        Status.ACCEPTED: dict.fromkeys(loses, Question.LOSES),
        Status.IN_PROGRESS: dict.fromkeys(loses, Question.LOSES),
        Status.COMPLETED: dict.fromkeys({*loses, Status.SENT}, Question.LOSES),
    }
    for status, history in histories.items():
        task = folded(history)
        assert task.status is status
        found = {column: question(task, column) for column in targets(task)}
        assert {column: why for column, why in found.items() if why} == asked.get(status, {}), status


def test_whoever_learns_of_a_withdrawal_after_accepting_was_asked_about() -> None:
    """In every state that can be reached, a drop that takes an accepted offer back asks first."""
    for task in states():
        for column in targets(task):
            events = decide(dropped(task, column), task)
            if task.status is not Status.SENT and any(isinstance(each, OfferWithdrawn) for each in events):
                assert isinstance(dropped(task, column), AssignTask) or question(task, column), (task, column)


def test_what_is_asked_about_is_what_the_button_says() -> None:
    """A status set by hand that asks first is carried out as a drop, and does the same."""
    asked = 0
    for task in states():
        for status in allowed(task).statuses:
            if question(task, status):
                assert dropped(task, status) == SetStatus(status), (task, status)
                asked += 1
    assert asked


def test_undo_is_offered_only_where_it_makes_the_task_what_it_was() -> None:
    """Never after something went out to a technician, or was taken back from one."""
    undone = 0
    for before, command, answer, after in walk():
        if isinstance(answer, Refused) or not isinstance(command, SetStatus):
            continue
        status = undo(before, after)
        if status is None:
            continue
        undone += 1
        assert reduce(evolve, decide(SetStatus(status), after), after) == before
        assert not any(isinstance(event, OfferWithdrawn) for event in answer)
    assert undone > 20
    accepted, sent = folded(ex.ACCEPTED), folded(ex.SENT)
    assert undo(folded(ex.IN_PROGRESS), folded(ex.COMPLETED)) is Status.IN_PROGRESS
    assert undo(folded(ex.ASSIGNED), sent) is None
    assert undo(accepted, reduce(evolve, decide(SetStatus(Status.CANCELLED), accepted), accepted)) is None
