"""What the log and the notifications say alike."""

import re
from typing import Any

from babel.lists import format_list

from shared import language
from shared.contract.bot import BotRefused
from shared.contract.delivery import DeliveryFailed, DeliverySent, DeliveryUnknown, Purpose
from shared.language import N_, word
from shared.names import Names

APART, END = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
_FILLED_IN = re.compile(r"#?%\(\w+\)s")


def _(message: str, /, **values: Any) -> str:
    """As `shared.language._`. Where reading goes from right to left, each name and number is kept apart from
    the words around it (Unicode UAX #9, isolates), which else would turn `#1042` or “Sami H.” around."""
    text = language.translated(message)
    if language.direction() == "rtl":
        text = _FILLED_IN.sub(lambda found: f"{APART}{found[0]}{END}", text)
    return text % values


_SENT = {
    Purpose.TASK_INFO: N_("The task info of task #%(task)s reached the Telegram chat of %(name)s"),
    Purpose.CLIENT_INFO: N_("The client info of task #%(task)s reached the Telegram chat of %(name)s"),
    Purpose.INVOICE: N_("The invoice #%(invoice)s reached the Telegram chat of %(name)s"),
    Purpose.RETRACTION: N_("The withdrawal of task #%(task)s reached the Telegram chat of %(name)s"),
    Purpose.REPLY: N_("The bot's answer reached the Telegram chat of %(name)s"),
    Purpose.CHANGE: N_("The change of task #%(task)s reached the Telegram chat of %(name)s"),
    Purpose.SUMMARY: N_("The list of open tasks reached the Telegram chat of %(name)s"),
}
_FAILED = {
    Purpose.TASK_INFO: N_("The task info of task #%(task)s could not be delivered to %(name)s: %(reason)s"),
    Purpose.CLIENT_INFO: N_(
        "The client info of task #%(task)s could not be delivered to %(name)s: %(reason)s"
    ),
    Purpose.INVOICE: N_("The invoice #%(invoice)s could not be delivered to %(name)s: %(reason)s"),
    Purpose.RETRACTION: N_("The withdrawal of task #%(task)s could not be delivered to %(name)s: %(reason)s"),
    Purpose.REPLY: N_("The bot's answer could not be delivered to %(name)s: %(reason)s"),
    Purpose.CHANGE: N_("The change of task #%(task)s could not be delivered to %(name)s: %(reason)s"),
    Purpose.SUMMARY: N_("The list of open tasks could not be delivered to %(name)s: %(reason)s"),
}
_UNKNOWN = {
    Purpose.TASK_INFO: N_("It is not known whether the task info of task #%(task)s reached %(name)s"),
    Purpose.CLIENT_INFO: N_("It is not known whether the client info of task #%(task)s reached %(name)s"),
    Purpose.INVOICE: N_("It is not known whether the invoice #%(invoice)s reached %(name)s"),
    Purpose.RETRACTION: N_("It is not known whether the withdrawal of task #%(task)s reached %(name)s"),
    Purpose.REPLY: N_("It is not known whether the bot's answer reached %(name)s"),
    Purpose.CHANGE: N_("It is not known whether the change of task #%(task)s reached %(name)s"),
    Purpose.SUMMARY: N_("It is not known whether the list of open tasks reached %(name)s"),
}
_INVOICE_KEPT = N_(
    "Invoice #%(invoice)s could not be taken back from the Telegram chat of %(name)s: %(reason)s"
)


def delivery(event: DeliverySent | DeliveryFailed | DeliveryUnknown, who: Names) -> str:
    name = who.technician(event.technician)
    match event:
        case DeliverySent(purpose=purpose, task=task, invoice=invoice):
            return _(_SENT[purpose], task=task, invoice=invoice, name=name)
        case DeliveryFailed(purpose=purpose, task=task, invoice=invoice, reason=reason):
            why = stored(reason)
            kept = purpose is Purpose.RETRACTION and invoice is not None
            return _(
                _INVOICE_KEPT if kept else _FAILED[purpose], task=task, invoice=invoice, name=name, reason=why
            )
        case DeliveryUnknown(purpose=purpose, task=task, invoice=invoice, reason=reason):
            told = _(_UNKNOWN[purpose], task=task, invoice=invoice, name=name)
            return f"{told}: {stored(reason)}" if reason else told


def refused(event: BotRefused) -> str:
    return _(
        "Telegram no longer accepts the token of %(bot)s: %(reason)s",
        bot=f"@{event.username}", reason=stored(event.reason),
    )  # fmt: skip


KEPT_FAILING = N_("It kept failing: %(reason)s")
UNREADABLE = N_("What the Bot API at %(address)s answers can't be read.")
MAYBE_THERE = N_("%(reason)s It may be in the chat or not.")
LACKING = N_("The Bot API at %(address)s does not know %(method)s.")


def kept_failing(reason: str) -> str:
    """The reason of what was tried again and again, in English, as it is kept; so are those below."""
    return KEPT_FAILING % {"reason": reason}


def maybe_there(reason: str) -> str:
    return MAYBE_THERE % {"reason": reason}


def unreadable(address: str) -> str:
    return UNREADABLE % {"address": address}


def lacking(address: str, method: str) -> str:
    return LACKING % {"address": address, "method": method}


def stored(reason: str) -> str:
    """A reason that is kept in English: in the reader's language where the catalogue knows it."""
    for template, pattern in _WRITTEN:
        if found := pattern.fullmatch(reason):
            return _(template, **{name: stored(value) for name, value in found.groupdict().items()})
    return language.translated(reason)


_WRITTEN = [
    (template, re.compile(re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+)", re.escape(template)), re.DOTALL))
    for template in (KEPT_FAILING, MAYBE_THERE, UNREADABLE, LACKING)
]


def technician_called(key: str, who: Names) -> str:
    return who.technician(int(key))


def client_called(key: str, who: Names) -> str:
    return who.client(int(key))


def listed(fields: tuple[str, ...]) -> str:
    shown = [word(field) for field in fields] or [_("contact data")]
    return format_list(shown, locale=language.locale())
