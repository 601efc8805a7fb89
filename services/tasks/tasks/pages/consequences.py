"""What a drop, a button or another technician does to the one who has the task, said before it is done."""

from shared.contract.task import Status
from shared.language import _, word
from tasks.domain.moves import OFFERED, Question
from tasks.domain.task import Task
from tasks.views import TaskView


def consequence(asked: Question, state: Task, column: Status, task: TaskView) -> str:
    who = {"name": task.technician.name if task.technician else _("Nobody"), "number": task.id}
    becomes = {**who, "status": word(column)}
    if asked is Question.SKIPS:
        if state.status is Status.SENT:
            return _(
                "%(name)s has not answered #%(number)s yet. Once it is %(status)s, it can't be rejected on that phone "
                "any more.",
                **becomes,
            )
        return _(
            "%(name)s has not accepted #%(number)s. It becomes %(status)s all the same, and nobody is asked.",
            **becomes,
        )
    if column is Status.SENT:
        return _(
            "#%(number)s is completed. %(name)s is asked again whether to take it, and the client's data is removed "
            "from that chat.",
            **who,
        )
    if state.status not in OFFERED:
        return _(
            "#%(number)s is completed. It becomes %(status)s, and the client's data is removed from the chat of "
            "%(name)s.",
            **becomes,
        )
    if not state.stands:
        return _(
            "#%(number)s is taken from %(name)s and becomes %(status)s. There is no open offer, so no message says so.",
            **becomes,
        )
    if state.status is Status.IN_PROGRESS:
        return _(
            "%(name)s is at work on #%(number)s. The message on that phone will say that it was withdrawn, and the "
            "client's data is removed from the chat.",
            **who,
        )
    return _(
        "%(name)s has accepted #%(number)s. The message on that phone will say that it was withdrawn, and the task's "
        "buttons go.",
        **who,
    )
