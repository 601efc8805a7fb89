"""Random admins and technicians against the rules, beside a model that shares no code with them.

The model keeps what a person would write on a whiteboard: who has the task, which
messages have live buttons, and what each button would do.
"""

from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from shared.contract.task import Status, TaskDetails
from shared.refusal import Refused
from tasks.domain.task import (
    AcceptTask,
    AssignTask,
    CompleteTask,
    CreateTask,
    DeleteTask,
    EditTask,
    ExplainRejection,
    FreeTask,
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

technicians = st.sampled_from([1, 2, 3])
by_hand = st.sampled_from(list(Status))


class Whiteboard(RuleBasedStateMachine):
    """`message` is the one message with live buttons, as (technician, offer); None while nobody has any."""

    messages: Bundle[tuple[int, int]] = Bundle("messages")

    @initialize(technician=st.none() | technicians)
    def create(self, technician: int | None) -> None:
        self.task = Task()
        self.status = "assigned" if technician else "new"
        self.who = technician
        self.message: tuple[int, int] | None = None
        self.sent = 0
        self.turned_down: dict[tuple[int, int], bool] = {}
        self.ask(CreateTask(1, TaskDetails("work"), 1, technician))

    def ask(self, command: TaskCommand) -> str:
        """'done', 'nothing' or 'no'."""
        try:
            events = decide(command, self.task)
        except Refused:
            return "no"
        for event in events:
            self.task = evolve(self.task, event)
        return "done" if events else "nothing"

    @rule(technician=technicians)
    def assign(self, technician: int) -> None:
        answer = self.ask(AssignTask(technician))
        if self.status == "deleted":
            assert answer == "no"
        elif self.who == technician and self.status not in ("rejected", "completed", "cancelled"):
            assert answer == "nothing"
        else:
            assert answer == "done"
            self.status, self.who, self.message = "assigned", technician, None

    @rule(target=messages)
    def send(self) -> Any:
        answer = self.ask(SendTask())
        if self.status in ("assigned", "sent", "rejected", "completed"):
            assert answer == "done"
            assert self.who is not None
            self.sent += 1
            self.status, self.message = "sent", (self.who, self.sent)
            return self.message
        assert answer == "no"
        return (1, 1)  # a forged button

    @rule(target=messages)
    def send_client_info(self) -> Any:
        answer = self.ask(SendClientInfo())
        if self.status not in ("accepted", "in_progress"):
            assert answer == "no"
            return (2, 1)
        assert answer == "done"
        assert self.who is not None
        if self.message is None:
            self.sent += 1
            self.message = (self.who, self.sent)
        self.status = "in_progress"
        return self.message

    @rule(message=messages)
    def accept(self, message: tuple[int, int]) -> None:
        answer = self.ask(AcceptTask(*message))
        if self.status == "deleted" or message != self.message or self.status == "rejected":
            assert answer == "no"
        elif self.status == "sent":
            assert answer == "done"
            self.status = "accepted"
        else:
            assert answer == "nothing"

    @rule(message=messages, reason=st.sampled_from(["", "too far"]))
    def reject(self, message: tuple[int, int], reason: str) -> None:
        answer = self.ask(RejectTask(*message, reason))
        if self.status == "deleted" or message != self.message:
            assert answer == "no"
        elif self.status == "sent":
            assert answer == "done"
            self.status = "rejected"
            self.turned_down[message] = bool(reason)
        else:
            assert answer == ("nothing" if self.status == "rejected" else "no")

    @rule(message=messages)
    def explain(self, message: tuple[int, int]) -> None:
        answer = self.ask(ExplainRejection(*message, "too far"))
        if self.status == "deleted" or message not in self.turned_down:
            assert answer == "no"
        else:
            assert answer == ("nothing" if self.turned_down[message] else "done")
            self.turned_down[message] = True

    @rule(message=messages, seconds=st.sampled_from([0, 60, 61, 3600]))
    def take_back(self, message: tuple[int, int], seconds: int) -> None:
        answer = self.ask(TakeBackRejection(*message, PRESSED, PRESSED + timedelta(seconds=seconds)))
        live = message == self.message and self.status != "deleted"
        if live and self.status == "rejected" and seconds <= 60:
            assert answer == "done"
            self.status = "sent"
            del self.turned_down[message]
        elif live and self.status == "sent":
            assert answer == "nothing"
        else:
            assert answer == "no"

    @rule(message=messages)
    def complete(self, message: tuple[int, int]) -> None:
        answer = self.ask(CompleteTask(*message))
        if self.status == "deleted" or message != self.message:
            assert answer == "no"
        elif self.status == "in_progress":
            assert answer == "done"
            self.status = "completed"
        else:
            assert answer == ("nothing" if self.status == "completed" else "no")

    @rule(after=by_hand)
    def set_status(self, after: Status) -> None:
        answer = self.ask(SetStatus(after))
        possible = after not in ("absent", "deleted", "sent", self.status) and self.status != "deleted"
        if not possible or (self.who is None and after not in ("new", "cancelled")):
            assert answer == "no"
            return
        assert answer == "done"
        self.status = str(after)
        if after == "new":
            self.who = None
        if after not in ("accepted", "in_progress", "completed"):
            self.message = None

    @rule(technician=technicians)
    def technician_is_deleted(self, technician: int) -> None:
        answer = self.ask(FreeTask(technician))
        if self.who == technician and self.status in ("assigned", "sent", "accepted", "in_progress"):
            assert answer == "done"
            self.status, self.who, self.message = "new", None, None
        else:
            assert answer == "nothing"

    @rule(title=st.sampled_from(["work", "other work"]))
    def edit(self, title: str) -> None:
        changes = self.task.details.title != title
        answer = self.ask(EditTask(TaskDetails(title), 1))
        assert answer == ("no" if self.status == "deleted" else "done" if changes else "nothing")

    @rule(sure=st.integers(0, 9))
    def delete(self, sure: int) -> None:
        if sure == 0:
            answer = self.ask(DeleteTask())
            assert answer == ("no" if self.status == "deleted" else "done")
            self.status, self.message = "deleted", None

    @invariant()
    def as_on_the_whiteboard(self) -> None:
        task = self.task
        assert (task.status, task.technician, task.offer) == (self.status, self.who, self.sent)
        live = (task.technician, task.offer) if task.stands else None
        assert live == self.message
        assert {(by, offer) for offer, by in task.rejected} == set(self.turned_down)


TestRandomTeams = Whiteboard.TestCase
TestRandomTeams.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
