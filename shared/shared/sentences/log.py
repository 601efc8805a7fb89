"""One line of the audit log for each event."""

from typing import assert_never

from shared import language
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
    Role,
)
from shared.contract.bot import BotConnected, BotDisconnected, BotRefused
from shared.contract.client import ClientAdded, ClientContactChanged, ClientErased, ClientRenamed
from shared.contract.delivery import DeliveryFailed, DeliverySent, DeliveryUnknown
from shared.contract.event import stream_name
from shared.contract.fold import EventNotApplied
from shared.contract.invoice import InvoiceCreated, InvoiceDeleted, InvoiceSent, InvoiceStatusChanged
from shared.contract.report import ReportDeleted
from shared.contract.site import SiteLogoChanged, SiteSettingsChanged
from shared.contract.task import (
    ClientInfoSent,
    OfferWithdrawn,
    RejectionExplained,
    RejectionTakenBack,
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
    TechnicianAccountGone,
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
from shared.language import N_, word
from shared.money import money
from shared.names import Names
from shared.sentences.parts import _, client_called, delivery, listed, refused, stored, technician_called

_ADDED = {
    Role.OWNER: N_("%(actor)s added the owner %(name)s (%(login)s)"),
    Role.DISPATCHER: N_("%(actor)s added the dispatcher %(name)s (%(login)s)"),
    Role.VIEWER: N_("%(actor)s added the viewer %(name)s (%(login)s)"),
}
_MADE = {
    Role.OWNER: N_("%(actor)s made %(name)s an owner"),
    Role.DISPATCHER: N_("%(actor)s made %(name)s a dispatcher"),
    Role.VIEWER: N_("%(actor)s made %(name)s a viewer"),
}
_TOKENS = {
    Role.OWNER: N_("%(actor)s created the API token “%(name)s” as an owner"),
    Role.DISPATCHER: N_("%(actor)s created the API token “%(name)s” as a dispatcher"),
    Role.VIEWER: N_("%(actor)s created the API token “%(name)s” as a viewer"),
}


def sentence(recorded: Recorded, who: Names) -> str:
    """One line of the audit log: who did what."""
    actor = who.actor(recorded.actor)
    key = recorded.key
    event = recorded.data
    match event:
        case TaskCreated(number=number, details=details):
            return _(
                "%(actor)s created task #%(number)s: %(title)s",
                actor=actor, number=number, title=details.title,
            )  # fmt: skip
        case TaskEdited():
            return _("%(actor)s edited task #%(number)s", actor=actor, number=key)
        case TaskAssigned(technician=technician):
            name = who.technician(technician)
            return _("%(actor)s assigned task #%(number)s to %(name)s", actor=actor, number=key, name=name)
        case TaskUnassigned(technician=technician):
            name = who.technician(technician)
            return _(
                "Task #%(number)s is free again, because %(name)s is no longer there", number=key, name=name
            )
        case TaskSent(technician=technician):
            name = who.technician(technician)
            return _("%(actor)s sent task #%(number)s to %(name)s", actor=actor, number=key, name=name)
        case TaskAccepted(technician=technician):
            name = who.technician(technician)
            return _("Task #%(number)s accepted by technician %(name)s", number=key, name=name)
        case TaskRejected(technician=technician):
            name = who.technician(technician)
            return _("Task #%(number)s rejected by technician %(name)s", number=key, name=name)
        case RejectionExplained(technician=technician, reason=reason):
            return _(
                "%(name)s said why task #%(number)s was rejected: %(reason)s",
                name=who.technician(technician), number=key, reason=stored(reason),
            )  # fmt: skip
        case RejectionTakenBack(technician=technician):
            return _(
                "Task #%(number)s: technician %(name)s took the rejection back, it was the wrong button",
                number=key, name=who.technician(technician),
            )  # fmt: skip
        case ClientInfoSent(technician=technician, client=client):
            return _(
                "%(actor)s sent the client info of %(client)s for task #%(number)s to %(name)s",
                actor=actor, client=who.client(client), number=key, name=who.technician(technician),
            )  # fmt: skip
        case TaskCompleted(technician=technician):
            name = who.technician(technician)
            return _("Task #%(number)s marked as completed by technician %(name)s", number=key, name=name)
        case OfferWithdrawn(technician=technician):
            return _(
                "%(actor)s withdrew the offer of task #%(number)s from %(name)s",
                actor=actor, number=key, name=who.technician(technician),
            )  # fmt: skip
        case TaskStatusChanged(before=before, after=after):
            return _(
                "%(actor)s changed the status of task #%(number)s from %(before)s to %(after)s",
                actor=actor, number=key, before=word(before), after=word(after),
            )  # fmt: skip
        case TaskDeleted():
            return _("%(actor)s deleted task #%(number)s", actor=actor, number=key)

        case ClientAdded():
            return _("%(actor)s added the client %(client)s", actor=actor, client=client_called(key, who))
        case ClientRenamed():
            return _("%(actor)s renamed the client %(client)s", actor=actor, client=client_called(key, who))
        case ClientContactChanged(fields=fields):
            return _(
                "%(actor)s changed the %(fields)s of the client %(client)s",
                actor=actor, fields=listed(fields), client=client_called(key, who),
            )  # fmt: skip
        case ClientErased():
            return _("%(actor)s erased client %(number)s and all contact data", actor=actor, number=key)

        case TechnicianRegistered(name=name, returned=True):
            return _("%(name)s, who had been deleted, pressed Start in the bot again", name=name)
        case TechnicianRegistered(name=name):
            return _("New technician %(name)s pressed Start in the bot", name=name)
        case TechnicianProfileChanged(name=name):
            return _(
                "%(before)s changed their Telegram profile; it shows the name %(name)s",
                before=technician_called(key, who), name=name,
            )  # fmt: skip
        case TechnicianEdited():
            return _("%(actor)s edited technician %(name)s", actor=actor, name=technician_called(key, who))
        case TechnicianReviewed():
            return _("%(actor)s reviewed technician %(name)s", actor=actor, name=technician_called(key, who))
        case TechnicianBlockedBot():
            return _("%(name)s blocked the bot, so no message arrives", name=technician_called(key, who))
        case TechnicianAccountGone():
            return _(
                "The Telegram account of %(name)s is gone, so no message arrives",
                name=technician_called(key, who),
            )
        case TechnicianUnblockedBot():
            return _("%(name)s can be reached by the bot again", name=technician_called(key, who))
        case TechnicianDeactivated():
            return _("%(actor)s paused technician %(name)s", actor=actor, name=technician_called(key, who))
        case TechnicianReactivated():
            return _(
                "%(actor)s took technician %(name)s back into service",
                actor=actor, name=technician_called(key, who),
            )  # fmt: skip
        case TechnicianDeleted():
            return _("%(actor)s deleted technician %(name)s", actor=actor, name=technician_called(key, who))

        case BotConnected(username=username):
            return _("%(actor)s connected the bot %(bot)s", actor=actor, bot=f"@{username}")
        case BotDisconnected(username=username):
            return _("%(actor)s disconnected the bot %(bot)s", actor=actor, bot=f"@{username}")
        case BotRefused():
            return refused(event)

        case DeliverySent() | DeliveryFailed() | DeliveryUnknown():
            return delivery(event, who)

        case InvoiceCreated(number=number, task=task, total=total, currency=currency):
            return _(
                "%(actor)s created invoice #%(invoice)s for task #%(task)s: %(total)s",
                actor=actor, invoice=number, task=task, total=money(total, currency, language.locale()),
            )  # fmt: skip
        case InvoiceSent(task=task, technician=technician):
            return _(
                "%(actor)s sent invoice #%(invoice)s of task #%(task)s to %(name)s",
                actor=actor, invoice=key, task=task, name=who.technician(technician),
            )  # fmt: skip
        case InvoiceStatusChanged(before=before, after=after):
            return _(
                "%(actor)s changed the status of invoice #%(invoice)s from %(before)s to %(after)s",
                actor=actor, invoice=key, before=word(before), after=word(after),
            )  # fmt: skip
        case InvoiceDeleted():
            return _("%(actor)s deleted invoice #%(invoice)s", actor=actor, invoice=key)

        case AdminAdded(login=login, name=name, role=role):
            return _(_ADDED[role], actor=actor, name=name, login=login)
        case AdminRoleChanged(login=login, role=role):
            return _(_MADE[role], actor=actor, name=who.admin(login))
        case AdminPasswordChanged(login=login):
            return _("%(actor)s changed the password of %(name)s", actor=actor, name=who.admin(login))
        case AdminDisabled(login=login):
            return _("%(actor)s disabled the login of %(name)s", actor=actor, name=who.admin(login))
        case AdminEnabled(login=login):
            return _("%(actor)s enabled the login of %(name)s", actor=actor, name=who.admin(login))
        case AdminLoggedIn(login=login):
            return _("%(name)s logged in", name=who.admin(login))
        case AdminLoggedOut(login=login):
            return _("%(name)s logged out", name=who.admin(login))
        case ApiTokenCreated(name=name, role=role):
            return _(_TOKENS[role], actor=actor, name=name)
        case ApiTokenRevoked(name=name):
            return _("%(actor)s revoked the API token “%(name)s”", actor=actor, name=name)

        case SiteSettingsChanged():
            return _("%(actor)s changed the settings", actor=actor)
        case SiteLogoChanged(image=None):
            return _("%(actor)s took the company's logo away", actor=actor)
        case SiteLogoChanged():
            return _("%(actor)s changed the company's logo", actor=actor)
        case ReportDeleted(task=task):
            return _("%(actor)s deleted the report of task #%(number)s", actor=actor, number=task)
        case EventNotApplied(service=service, event_type=kind, event_stream=stream, event_version=version):
            return _(
                "%(service)s could not apply %(kind)s (%(stream)s, version %(version)s), so it is kept aside",
                service=service, kind=kind, stream=stream, version=version,
            )  # fmt: skip
        case _ as never:
            assert_never(never)


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
