"""What a technician reads after a tap."""

from shared.contract.task import Action, Tap, TapAnswer, Verdict
from shared.language import N_, _
from shared.refusal import Refused, Why

from . import checks
from .task import AcceptTask, CompleteTask, ExplainRejection, RejectTask, TakeBackRejection

DONE = {
    Action.ACCEPT: N_("You accepted task #%(number)s."),
    Action.REJECT: N_("You rejected task #%(number)s."),
    Action.COMPLETE: N_("You completed task #%(number)s. Thank you!"),
    Action.EXPLAIN: N_("Thank you. Your reason was added to task #%(number)s."),
    Action.TAKE_BACK: N_("You took your rejection back. Please accept or reject task #%(number)s."),
}
ALREADY = {
    Action.ACCEPT: N_("You already accepted task #%(number)s."),
    Action.REJECT: N_("You already rejected task #%(number)s."),
    Action.COMPLETE: N_("You already completed task #%(number)s."),
    Action.EXPLAIN: N_("You already gave a reason for task #%(number)s."),
    Action.TAKE_BACK: N_("You already took your rejection back. Please accept or reject task #%(number)s."),
}


def command_of(tap: Tap) -> AcceptTask | RejectTask | CompleteTask | ExplainRejection | TakeBackRejection:
    match tap.action:
        case Action.ACCEPT:
            return AcceptTask(tap.technician, tap.offer)
        case Action.REJECT:
            return RejectTask(tap.technician, tap.offer, checks.reason(tap.reason))
        case Action.COMPLETE:
            return CompleteTask(tap.technician, tap.offer)
        case Action.EXPLAIN:
            return ExplainRejection(tap.technician, tap.offer, checks.reason(tap.reason))
        case Action.TAKE_BACK:
            if tap.rejected_at is None or tap.at is None:
                raise Refused(
                    _("It is not known when task #%(number)s was rejected.", number=tap.task), Why.INVALID
                )
            return TakeBackRejection(tap.technician, tap.offer, tap.rejected_at, tap.at)


def done(tap: Tap) -> TapAnswer:
    return TapAnswer(Verdict.DONE, _(DONE[tap.action], number=tap.task))


def already(tap: Tap) -> TapAnswer:
    return TapAnswer(Verdict.ALREADY, _(ALREADY[tap.action], number=tap.task))
