"""What a technician reads after a tap."""

from shared.contract.task import Action, Tap, TapAnswer, Verdict

from . import checks
from .task import AcceptTask, CompleteTask, ExplainRejection, RejectTask

DONE = {
    Action.ACCEPT: "You accepted task #{}.",
    Action.REJECT: "You rejected task #{}.",
    Action.COMPLETE: "You completed task #{}. Thank you!",
    Action.EXPLAIN: "Thank you. Your reason was added to task #{}.",
}
ALREADY = {
    Action.ACCEPT: "You already accepted task #{}.",
    Action.REJECT: "You already rejected task #{}.",
    Action.COMPLETE: "You already completed task #{}.",
    Action.EXPLAIN: "You already gave a reason for task #{}.",
}


def command_of(tap: Tap) -> AcceptTask | RejectTask | CompleteTask | ExplainRejection:
    match tap.action:
        case Action.ACCEPT:
            return AcceptTask(tap.technician, tap.offer)
        case Action.REJECT:
            return RejectTask(tap.technician, tap.offer, checks.reason(tap.reason))
        case Action.COMPLETE:
            return CompleteTask(tap.technician, tap.offer)
        case Action.EXPLAIN:
            return ExplainRejection(tap.technician, tap.offer, checks.reason(tap.reason))


def done(tap: Tap) -> TapAnswer:
    return TapAnswer(Verdict.DONE, DONE[tap.action].format(tap.task))


def already(tap: Tap) -> TapAnswer:
    return TapAnswer(Verdict.ALREADY, ALREADY[tap.action].format(tap.task))
