"""Buttons, and what a press on one says: task, offer and action in at most 64 bytes (Bot API, InlineKeyboardButton).

    t:<task>:<offer>:<action>   under a task          t:1042:3:accept
    r:<task>:<offer>:<reason>   after a rejection     r:1042:3:far
    s:<task>:<offer>            in the summary        s:1042:3

Whatever else comes is forged or broken: `read` answers None.
"""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from bot_gateway.domain import OfferState
from shared.contract.task import Action
from shared.language import _

from . import messages

Button: TypeAlias = tuple[str, str]
"""What it says, and its callback data."""

Keyboard: TypeAlias = list[list[Button]]
"""Rows of buttons; empty where there are none."""


class Reason(StrEnum):
    FAR = "far"
    TIME = "time"
    TRADE = "trade"
    ILL = "ill"
    PART = "part"
    OTHER = "other"  # the technician writes it
    SKIP = "skip"
    WRONG = "wrong"  # Reject was the wrong button: it is taken back


class Press(Struct, frozen=True):
    task: int
    offer: int
    action: Action


class Explanation(Struct, frozen=True):
    task: int
    offer: int
    reason: Reason


class Show(Struct, frozen=True):
    """Brings the card of a task that is open."""

    task: int
    offer: int


PRESSES = "|".join((Action.ACCEPT, Action.REJECT, Action.COMPLETE))
DATA = re.compile(
    rf"(?:t:([1-9][0-9]{{0,14}}):([1-9][0-9]{{0,8}}):({PRESSES}))"
    rf"|(?:r:([1-9][0-9]{{0,14}}):([1-9][0-9]{{0,8}}):({'|'.join(Reason)}))"
    r"|(?:s:([1-9][0-9]{0,14}):([1-9][0-9]{0,8}))",
    re.ASCII,
)


def read(data: str | None) -> Press | Explanation | Show | None:
    found = DATA.fullmatch(data or "")
    if not found:
        return None
    task, offer, action, rejected, of_offer, reason, shown, shown_offer = found.groups()
    if action:
        return Press(int(task), int(offer), Action(action))
    if shown:
        return Show(int(shown), int(shown_offer))
    return Explanation(int(rejected), int(of_offer), Reason(reason))


def under_task(task: int, offer: int, state: OfferState, *, copy: bool = False) -> Keyboard:
    """An open offer can be accepted or rejected; a copy made by /tasks can also be completed."""
    match state:
        case OfferState.OPEN:
            return [
                [
                    (_(messages.ACCEPT), f"t:{task}:{offer}:{Action.ACCEPT}"),
                    (_(messages.REJECT), f"t:{task}:{offer}:{Action.REJECT}"),
                ]
            ]
        case OfferState.IN_PROGRESS if copy:
            return under_client(task, offer, state)
        case _:
            return []


def under_client(task: int, offer: int, state: OfferState) -> Keyboard:
    if state is not OfferState.IN_PROGRESS:
        return []
    return [[(_(messages.COMPLETE), f"t:{task}:{offer}:{Action.COMPLETE}")]]


def under_summary(tasks: Sequence[tuple[int, int, str]]) -> Keyboard:
    """A button for each task, offer and label."""
    return [[(label, f"s:{task}:{offer}")] for task, offer, label in tasks]


def first_reason(task: int, offer: int) -> str:
    """The callback data by which the question about this rejection is known."""
    return reasons(task, offer)[0][0][1]


def reasons(task: int, offer: int) -> Keyboard:
    """Two in a row, so that each can be read on a phone."""
    named = messages.REASONS | {
        Reason.OTHER: messages.OTHER_REASON,
        Reason.SKIP: messages.NO_REASON,
        Reason.WRONG: messages.WRONG_BUTTON,
    }
    buttons = [(_(named[reason]), f"r:{task}:{offer}:{reason}") for reason in Reason]
    return [buttons[at : at + 2] for at in range(0, len(buttons), 2)]
