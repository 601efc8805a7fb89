"""The notifications: which events they are, and their words."""

from collections.abc import Sequence

from babel.lists import format_list
from msgspec import Struct

from shared import language
from shared.contract import Recorded
from shared.contract.bot import BotConnected, BotDisconnected, BotRefused
from shared.contract.delivery import DeliveryFailed, DeliveryUnknown
from shared.contract.fold import EventNotApplied
from shared.contract.invoice import InvoiceCreated, InvoiceDeleted, InvoiceSent, InvoiceStatusChanged
from shared.contract.report import ReportDeleted
from shared.contract.task import (
    ClientInfoSent,
    RejectionExplained,
    RejectionTakenBack,
    TaskAccepted,
    TaskCompleted,
    TaskCreated,
    TaskDeleted,
    TaskRejected,
    TaskSent,
    TaskStatusChanged,
    TaskUnassigned,
)
from shared.contract.technician import (
    TechnicianAccountGone,
    TechnicianBlockedBot,
    TechnicianDeactivated,
    TechnicianDeleted,
    TechnicianRegistered,
)
from shared.language import word
from shared.names import Names
from shared.sentences.parts import _, delivery, refused, stored, technician_called


class Line(Struct, frozen=True):
    """A notification's words. `kind` is a slug: the sound and the icon go by it."""

    kind: str
    text: str


def notification(recorded: Recorded, who: Names) -> Line | None:
    """The words of the design's section 6, or None for what admins need not hear of at once."""
    key = recorded.key
    event = recorded.data
    match event:
        case TaskCreated(number=number, details=details):
            return Line(
                "task_created", _('Task "#%(number)s" created: %(title)s', number=number, title=details.title)
            )
        case TaskSent(technician=technician):
            name = who.technician(technician)
            return Line("task_sent", _('Task "#%(number)s" sent to %(name)s', number=key, name=name))
        case TaskAccepted(technician=technician):
            name = who.technician(technician)
            return Line(
                "task_accepted",
                _('Task "#%(number)s" accepted by technician %(name)s', number=key, name=name),
            )
        case TaskRejected(technician=technician):
            name = who.technician(technician)
            return Line(
                "task_rejected",
                _('Task "#%(number)s" rejected by technician %(name)s', number=key, name=name),
            )
        case RejectionExplained(technician=technician, reason=reason):
            name, why = who.technician(technician), stored(reason)
            return Line(
                "task_rejection_explained",
                _('Task "#%(number)s": %(name)s said “%(reason)s”', number=key, name=name, reason=why),
            )
        case RejectionTakenBack(technician=technician):
            name = who.technician(technician)
            return Line(
                "task_rejection_taken_back",
                _('Task "#%(number)s": %(name)s took the rejection back', number=key, name=name),
            )
        case ClientInfoSent(client=client):
            name = who.client(client)
            return Line(
                "client_info_sent",
                _('Client info sent for task "#%(number)s" (%(client)s)', number=key, client=name),
            )
        case TaskCompleted():
            return Line("task_completed", _('Task "#%(number)s" marked as completed', number=key))
        case TaskStatusChanged(after=after):
            return Line(
                "task_status_changed",
                _('Status changed for task "#%(number)s": %(status)s', number=key, status=word(after)),
            )
        case TaskUnassigned(technician=technician):
            name = who.technician(technician)
            return Line(
                "task_unassigned",
                _('Task "#%(number)s" is free again: %(name)s is no longer there', number=key, name=name),
            )
        case TaskDeleted():
            return Line("task_deleted", _('Task "#%(number)s" deleted', number=key))

        case TechnicianRegistered(returned=True):
            return Line("technician_added", came_back(event, technician_called(key, who), who))
        case TechnicianRegistered():
            return Line(
                "technician_added", _("New technician added: %(name)s", name=technician_called(key, who))
            )
        case TechnicianBlockedBot():
            return Line(
                "technician_blocked_bot",
                _("Technician %(name)s blocked the bot", name=technician_called(key, who)),
            )
        case TechnicianAccountGone():
            return Line(
                "technician_account_gone",
                _("The Telegram account of technician %(name)s is gone", name=technician_called(key, who)),
            )
        case TechnicianDeactivated():
            return Line(
                "technician_deactivated",
                _("Technician %(name)s paused", name=technician_called(key, who)),
            )
        case TechnicianDeleted():
            return Line(
                "technician_deleted", _("Technician %(name)s deleted", name=technician_called(key, who))
            )

        case InvoiceCreated(number=number):
            return Line("invoice_created", _('Invoice "#%(number)s" created', number=number))
        case InvoiceSent():
            return Line("invoice_sent", _('Invoice "#%(number)s" sent', number=key))
        case InvoiceStatusChanged(after=after):
            return Line(
                "invoice_status_changed",
                _('Status changed for invoice "#%(number)s": %(status)s', number=key, status=word(after)),
            )
        case InvoiceDeleted():
            return Line("invoice_deleted", _('Invoice "#%(number)s" deleted', number=key))
        case ReportDeleted(task=task):
            return Line("report_deleted", _('Report of task "#%(number)s" deleted', number=task))

        case DeliveryFailed():
            return Line("delivery_failed", delivery(event, who))
        case DeliveryUnknown():
            return Line("delivery_unknown", delivery(event, who))
        case EventNotApplied(service=service, event_type=kind, event_stream=stream, error=error):
            return Line(
                "event_not_applied",
                _(
                    "An event could not be applied in %(service)s: %(kind)s of %(stream)s (%(error)s)",
                    service=service, kind=kind, stream=stream, error=error,
                ),
            )  # fmt: skip

        case BotConnected(username=username):
            return Line("bot_connected", _("Bot %(bot)s connected", bot=f"@{username}"))
        case BotDisconnected(username=username):
            return Line("bot_disconnected", _("Bot %(bot)s disconnected", bot=f"@{username}"))
        case BotRefused():
            return Line("bot_refused", refused(event))
        case _:
            return None


def came_back(event: TechnicianRegistered, name: str, who: Names) -> str:
    """Of a technician who had been deleted, and is asked about again."""
    if event.deleted_at is None:
        return _("Technician %(name)s was deleted before and came back: keep them?", name=name)
    return _(
        "Technician %(name)s was deleted on %(day)s and came back: keep them?",
        name=name, day=who.day(event.deleted_at),
    )  # fmt: skip


NAMED = 30
"""So many newcomers one notification names; of the others it says how many they are."""


def newcomers(joined: Sequence[tuple[int, bool]], who: Names) -> str:
    """More of them than are told of one by one.

    joined  each technician, and whether they had been deleted before
    """
    named = [
        _("%(name)s (was deleted before)", name=who.technician(technician))
        if returned
        else who.technician(technician)
        for technician, returned in joined[:NAMED]
    ]
    if others := len(joined) - len(named):
        names = ", ".join(named)
        return _(
            "More new technicians within a minute: %(names)s, and %(others)s others",
            names=names, others=others,
        )  # fmt: skip
    names = format_list(named, locale=language.locale())
    return _("More new technicians within a minute: %(names)s", names=names)
