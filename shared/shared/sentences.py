"""Every sentence that people read about an event: in the audit log, and as a notification.

Nothing here is stored. A sentence is made when it is read, from the event and the names that are
known then, so an erased client's name is gone from every sentence at once.
"""

from typing import assert_never

from msgspec import Struct

from shared.contract import Recorded
from shared.contract.admin import (
    AdminAdded,
    AdminDisabled,
    AdminEnabled,
    AdminLoggedIn,
    AdminLoggedOut,
    AdminPasswordChanged,
    AdminRoleChanged,
    ApiTokenCreated,
    ApiTokenRevoked,
)
from shared.contract.bot import BotConnected, BotDisconnected, BotRefused
from shared.contract.client import ClientAdded, ClientContactChanged, ClientErased, ClientRenamed
from shared.contract.delivery import DeliveryFailed, DeliverySent, DeliveryUnknown, Purpose
from shared.contract.event import stream_name
from shared.contract.fold import EventNotApplied
from shared.contract.invoice import InvoiceCreated, InvoiceDeleted, InvoiceSent, InvoiceStatusChanged
from shared.contract.report import ReportDeleted
from shared.contract.site import SiteSettingsChanged
from shared.contract.task import (
    ClientInfoSent,
    OfferWithdrawn,
    RejectionExplained,
    TaskAccepted,
    TaskAssigned,
    TaskCompleted,
    TaskCreated,
    TaskDeleted,
    TaskEdited,
    TaskRejected,
    TaskSent,
    TaskStatusChanged,
    TaskUnassigned,
)
from shared.contract.technician import (
    TechnicianBlockedBot,
    TechnicianDeactivated,
    TechnicianDeleted,
    TechnicianEdited,
    TechnicianProfileChanged,
    TechnicianReactivated,
    TechnicianRegistered,
    TechnicianReviewed,
    TechnicianUnblockedBot,
)
from shared.names import Names


class Line(Struct, frozen=True):
    """A notification's words. `kind` is a slug: the sound and the icon go by it."""

    kind: str
    text: str


def sentence(recorded: Recorded, who: Names) -> str:
    """One line of the audit log: who did what."""
    actor = who.actor(recorded.actor)
    key = recorded.key
    event = recorded.data
    match event:
        case TaskCreated(number=number, details=details):
            return f"{actor} created task #{number}: {details.title}"
        case TaskEdited():
            return f"{actor} edited task #{key}"
        case TaskAssigned(technician=technician):
            return f"{actor} assigned task #{key} to {who.technician(technician)}"
        case TaskUnassigned(technician=technician):
            return f"Task #{key} is free again, because {who.technician(technician)} is no longer there"
        case TaskSent(technician=technician):
            return f"{actor} sent task #{key} to {who.technician(technician)}"
        case TaskAccepted(technician=technician):
            return f"Task #{key} accepted by technician {who.technician(technician)}"
        case TaskRejected(technician=technician):
            return f"Task #{key} rejected by technician {who.technician(technician)}"
        case RejectionExplained(technician=technician, reason=reason):
            return f"{who.technician(technician)} said why task #{key} was rejected: {reason}"
        case ClientInfoSent(technician=technician, client=client):
            to = who.technician(technician)
            return f"{actor} sent the client info of {who.client(client)} for task #{key} to {to}"
        case TaskCompleted(technician=technician):
            return f"Task #{key} marked as completed by technician {who.technician(technician)}"
        case OfferWithdrawn(technician=technician):
            return f"{actor} withdrew the offer of task #{key} from {who.technician(technician)}"
        case TaskStatusChanged(before=before, after=after):
            return f"{actor} changed the status of task #{key} from {_words(before)} to {_words(after)}"
        case TaskDeleted():
            return f"{actor} deleted task #{key}"

        case ClientAdded():
            return f"{actor} added the client {_client(key, who)}"
        case ClientRenamed():
            return f"{actor} renamed the client {_client(key, who)}"
        case ClientContactChanged(fields=fields):
            return f"{actor} changed the {_listed(fields)} of the client {_client(key, who)}"
        case ClientErased():
            return f"{actor} erased client {key} and all contact data"

        case TechnicianRegistered(name=name):
            return f"New technician {name} pressed Start in the bot"
        case TechnicianProfileChanged(name=name):
            return f"{_technician(key, who)} changed their Telegram profile; it shows the name {name}"
        case TechnicianEdited():
            return f"{actor} edited technician {_technician(key, who)}"
        case TechnicianReviewed():
            return f"{actor} reviewed technician {_technician(key, who)}"
        case TechnicianBlockedBot():
            return f"{_technician(key, who)} blocked the bot, so no message arrives"
        case TechnicianUnblockedBot():
            return f"{_technician(key, who)} can be reached by the bot again"
        case TechnicianDeactivated():
            return f"The Telegram account of {_technician(key, who)} no longer exists"
        case TechnicianReactivated():
            return f"The Telegram account of {_technician(key, who)} is there again"
        case TechnicianDeleted():
            return f"{actor} deleted technician {_technician(key, who)}"

        case BotConnected(username=username):
            return f"{actor} connected the bot @{username}"
        case BotDisconnected(username=username):
            return f"{actor} disconnected the bot @{username}"
        case BotRefused(username=username, reason=reason):
            return f"Telegram no longer accepts the token of @{username}: {reason}"

        case DeliverySent(technician=technician):
            return f"{_message(event)} reached the Telegram chat of {who.technician(technician)}"
        case DeliveryFailed(technician=technician, reason=reason):
            return f"{_message(event)} could not be delivered to {who.technician(technician)}: {reason}"
        case DeliveryUnknown(technician=technician):
            return f"It is not known whether {_lower(_message(event))} reached {who.technician(technician)}"

        case InvoiceCreated(number=number, task=task, total=total, currency=currency):
            return f"{actor} created invoice #{number} for task #{task}: {total} {currency}"
        case InvoiceSent(task=task, technician=technician):
            return f"{actor} sent invoice #{key} of task #{task} to {who.technician(technician)}"
        case InvoiceStatusChanged(before=before, after=after):
            return f"{actor} changed the status of invoice #{key} from {_words(before)} to {_words(after)}"
        case InvoiceDeleted():
            return f"{actor} deleted invoice #{key}"

        case AdminAdded(login=login, name=name, role=role):
            return f"{actor} added the {role.value} {name} ({login})"
        case AdminRoleChanged(login=login, role=role):
            return f"{actor} made {who.admin(login)} {_a(role.value)}"
        case AdminPasswordChanged(login=login):
            return f"{actor} changed the password of {who.admin(login)}"
        case AdminDisabled(login=login):
            return f"{actor} disabled the login of {who.admin(login)}"
        case AdminEnabled(login=login):
            return f"{actor} enabled the login of {who.admin(login)}"
        case AdminLoggedIn(login=login):
            return f"{who.admin(login)} logged in"
        case AdminLoggedOut(login=login):
            return f"{who.admin(login)} logged out"
        case ApiTokenCreated(name=name, role=role):
            return f"{actor} created the API token “{name}” as {_a(role.value)}"
        case ApiTokenRevoked(name=name):
            return f"{actor} revoked the API token “{name}”"

        case SiteSettingsChanged():
            return f"{actor} changed the settings"
        case ReportDeleted(task=task):
            return f"{actor} deleted the report of task #{task}"
        case EventNotApplied(service=service, event_type=kind, event_stream=stream, event_version=version):
            return f"{service} could not apply {kind} ({stream}, version {version}), so it is kept aside"
        case _ as never:
            assert_never(never)


def notification(recorded: Recorded, who: Names) -> Line | None:
    """The words of the design's section 6, or None for what admins need not hear of at once."""
    key = recorded.key
    event = recorded.data
    match event:
        case TaskCreated(number=number, details=details):
            return Line("task_created", f'Task "#{number}" created: {details.title}')
        case TaskSent(technician=technician):
            return Line("task_sent", f'Task "#{key}" sent to {who.technician(technician)}')
        case TaskAccepted(technician=technician):
            return Line("task_accepted", f'Task "#{key}" accepted by technician {who.technician(technician)}')
        case TaskRejected(technician=technician):
            return Line("task_rejected", f'Task "#{key}" rejected by technician {who.technician(technician)}')
        case RejectionExplained(technician=technician, reason=reason):
            return Line(
                "task_rejection_explained", f'Task "#{key}": {who.technician(technician)} said “{reason}”'
            )
        case ClientInfoSent(client=client):
            return Line("client_info_sent", f'Client info sent for task "#{key}" ({who.client(client)})')
        case TaskCompleted():
            return Line("task_completed", f'Task "#{key}" marked as completed')
        case TaskStatusChanged(after=after):
            return Line("task_status_changed", f'Status changed for task "#{key}": {_words(after)}')
        case TaskUnassigned(technician=technician):
            gone = who.technician(technician)
            return Line("task_unassigned", f'Task "#{key}" is free again: {gone} is no longer there')
        case TaskDeleted():
            return Line("task_deleted", f'Task "#{key}" deleted')

        case TechnicianRegistered():
            return Line("technician_added", f"New technician added: {_technician(key, who)}")
        case TechnicianBlockedBot():
            return Line("technician_blocked_bot", f"Technician {_technician(key, who)} blocked the bot")
        case TechnicianDeactivated():
            return Line(
                "technician_deactivated", f"The Telegram account of {_technician(key, who)} no longer exists"
            )
        case TechnicianDeleted():
            return Line("technician_deleted", f"Technician {_technician(key, who)} deleted")

        case InvoiceCreated(number=number):
            return Line("invoice_created", f'Invoice "#{number}" created')
        case InvoiceSent():
            return Line("invoice_sent", f'Invoice "#{key}" sent')
        case InvoiceStatusChanged(after=after):
            return Line("invoice_status_changed", f'Status changed for invoice "#{key}": {_words(after)}')
        case InvoiceDeleted():
            return Line("invoice_deleted", f'Invoice "#{key}" deleted')
        case ReportDeleted(task=task):
            return Line("report_deleted", f'Report of task "#{task}" deleted')

        case DeliveryFailed(technician=technician, reason=reason):
            text = f"{_message(event)} could not be delivered to {who.technician(technician)}: {reason}"
            return Line("delivery_failed", text)
        case DeliveryUnknown(technician=technician):
            text = f"It is not known whether {_lower(_message(event))} reached {who.technician(technician)}"
            return Line("delivery_unknown", text)
        case EventNotApplied(service=service, event_type=kind, event_stream=stream, error=error):
            return Line(
                "event_not_applied",
                f"An event could not be applied in {service}: {kind} of {stream} ({error})",
            )

        case BotConnected(username=username):
            return Line("bot_connected", f"Bot @{username} connected")
        case BotDisconnected(username=username):
            return Line("bot_disconnected", f"Bot @{username} disconnected")
        case BotRefused(username=username, reason=reason):
            return Line("bot_refused", f"Telegram no longer accepts the token of @{username}: {reason}")
        case _:
            return None


def mentioned(recorded: Recorded) -> set[str]:
    """The streams whose names a sentence about this event needs: for `shared.names.known_to`."""
    streams = {recorded.stream}
    kind, _, key = recorded.actor.partition(":")
    if kind in ("admin", "technician"):
        streams.add(stream_name(kind, key))
    event = recorded.data
    for aggregate, name in (("technician", "technician"), ("client", "client"), ("admin", "login")):
        value = getattr(event, name, None)
        if value is not None:
            streams.add(stream_name(aggregate, value))
    return streams


_PURPOSES = {
    Purpose.TASK_INFO: "The task info",
    Purpose.CLIENT_INFO: "The client info",
    Purpose.INVOICE: "The invoice",
    Purpose.RETRACTION: "The withdrawal",
    Purpose.REPLY: "The bot's answer",
}


def _message(event: DeliverySent | DeliveryFailed | DeliveryUnknown) -> str:
    what = _PURPOSES[event.purpose]
    if event.invoice is not None:
        return f"{what} #{event.invoice}"
    if event.task is not None:
        return f"{what} of task #{event.task}"
    return what


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _technician(key: str, who: Names) -> str:
    return who.technician(int(key))


def _client(key: str, who: Names) -> str:
    return who.client(int(key))


def _words(status: str) -> str:
    return status.replace("_", " ")


def _listed(fields: tuple[str, ...]) -> str:
    *most, last = fields or ("contact data",)
    return f"{', '.join(most)} and {last}" if most else last


def _a(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"
