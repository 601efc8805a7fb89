"""One vivid example of every event there is, each on its stream."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, get_args
from uuid import UUID

from uuid_utils.compat import uuid7

from shared.contract import AnyEvent, Recorded
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
from shared.contract.delivery import DeliveryFailed, DeliverySent, DeliveryUnknown, Purpose, Trouble
from shared.contract.event import Envelope
from shared.contract.fold import EventNotApplied
from shared.contract.invoice import (
    InvoiceCreated,
    InvoiceDeleted,
    InvoiceLine,
    InvoiceSent,
    InvoiceStatus,
    InvoiceStatusChanged,
)
from shared.contract.report import ReportDeleted
from shared.contract.site import Site, SiteLogoChanged, SiteSettingsChanged
from shared.contract.task import (
    ClientInfoSent,
    OfferWithdrawn,
    Priority,
    RejectionExplained,
    RejectionTakenBack,
    Status,
    TaskAccepted,
    TaskAssigned,
    TaskCompleted,
    TaskCreated,
    TaskDeleted,
    TaskDetails,
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
from shared.names import Names

SAMI = 77
WHO = Names({"technician.77": "Sami", "client.7": "Mrs Haddad", "admin.anna": "Anna", "admin.bo": "Bo"})

TAP_DRIPS = TaskDetails("Kitchen tap drips", "Second floor, bring a 22 mm key", "Old Town", Priority.HIGH)
_LINES = (InvoiceLine("Tap", Decimal(1), Decimal("19.90")),)

EXAMPLES: list[tuple[str, str, AnyEvent]] = [
    ("task.1042", "admin:anna", TaskCreated(1042, TAP_DRIPS, 7)),
    ("task.1042", "admin:anna", TaskEdited(TAP_DRIPS, 7)),
    ("task.1042", "admin:anna", TaskAssigned(SAMI)),
    ("task.1042", "service:tasks", TaskUnassigned(SAMI)),
    ("task.1042", "admin:anna", TaskSent(SAMI, 1)),
    ("task.1042", "technician:77", TaskAccepted(SAMI, 1)),
    ("task.1042", "technician:77", TaskRejected(SAMI, 1)),
    ("task.1042", "technician:77", RejectionExplained(SAMI, 1, "too far away")),
    ("task.1042", "technician:77", RejectionTakenBack(SAMI, 1)),
    ("task.1042", "admin:anna", ClientInfoSent(SAMI, 1, 7)),
    ("task.1042", "technician:77", TaskCompleted(SAMI, 1)),
    ("task.1042", "admin:anna", OfferWithdrawn(SAMI, 1)),
    ("task.1042", "admin:anna", TaskStatusChanged(Status.IN_PROGRESS, Status.CANCELLED)),
    ("task.1042", "admin:anna", TaskDeleted()),
    ("client.7", "admin:anna", ClientAdded("Mrs Haddad")),
    ("client.7", "admin:anna", ClientRenamed("Mrs Haddad")),
    ("client.7", "admin:anna", ClientContactChanged(("phone", "e-mail", "address"))),
    ("client.7", "admin:anna", ClientErased()),
    ("technician.77", "technician:77", TechnicianRegistered(SAMI, "Sami", "sami_fixes", "ar")),
    ("technician.77", "technician:77", TechnicianProfileChanged("Sami H.", None, "ar")),
    ("technician.77", "admin:anna", TechnicianEdited("Sami")),
    ("technician.77", "admin:anna", TechnicianReviewed()),
    ("technician.77", "technician:77", TechnicianBlockedBot()),
    ("technician.77", "service:bot-gateway", TechnicianAccountGone()),
    ("technician.77", "technician:77", TechnicianUnblockedBot()),
    ("technician.77", "admin:anna", TechnicianDeactivated()),
    ("technician.77", "admin:anna", TechnicianReactivated()),
    ("technician.77", "admin:anna", TechnicianDeleted()),
    ("bot.5", "admin:anna", BotConnected(5, "harbour_bot", "Harbour")),
    ("bot.5", "admin:anna", BotDisconnected("harbour_bot")),
    ("bot.5", "service:bot-gateway", BotRefused("harbour_bot", "Unauthorized")),
    ("delivery.1", "service:bot-gateway", DeliverySent(Purpose.TASK_INFO, SAMI, 55, task=1042, offer=1)),
    (
        "delivery.2",
        "service:bot-gateway",
        DeliveryFailed(Purpose.CLIENT_INFO, SAMI, Trouble.BLOCKED, "the bot was blocked", task=1042, offer=1),
    ),
    ("delivery.3", "service:bot-gateway", DeliveryUnknown(Purpose.INVOICE, SAMI, task=1042, invoice=3)),
    (
        "invoice.3",
        "admin:anna",
        InvoiceCreated(
            3,
            1042,
            7,
            SAMI,
            "EUR",
            _LINES,
            Decimal(19),
            Decimal("19.90"),
            Decimal("3.78"),
            Decimal("23.68"),
            date(2026, 12, 24),
        ),
    ),
    ("invoice.3", "admin:anna", InvoiceSent(1042, SAMI)),
    ("invoice.3", "admin:anna", InvoiceStatusChanged(1042, InvoiceStatus.PENDING, InvoiceStatus.PAID)),
    ("invoice.3", "admin:anna", InvoiceDeleted(1042)),
    ("admin.team", "admin:anna", AdminAdded("bo", "Bo", Role.VIEWER)),
    ("admin.team", "admin:anna", AdminRoleChanged("bo", Role.OWNER)),
    ("admin.team", "admin:anna", AdminPasswordChanged("bo")),
    ("admin.team", "admin:anna", AdminDisabled("bo")),
    ("admin.team", "admin:anna", AdminEnabled("bo")),
    ("admin.0190", "admin:bo", AdminLoggedIn("bo")),
    ("admin.0190", "admin:bo", AdminLoggedOut("bo")),
    ("admin.team", "admin:anna", ApiTokenCreated("ci", Role.DISPATCHER)),
    ("admin.team", "admin:anna", ApiTokenRevoked("ci")),
    ("site.settings", "admin:anna", SiteSettingsChanged(Site(company="Harbour Plumbing"))),
    ("site.settings", "admin:anna", SiteLogoChanged(b"\x89PNG")),
    ("report.1042", "admin:anna", ReportDeleted(1042)),
    (
        "fold.reporting",
        "service:reporting",
        EventNotApplied("reporting", UUID(int=1), "TaskSent", "task.1042", 5, "KeyError: 'x'"),
    ),
]


def every_event_type() -> set[type[Any]]:
    return set(get_args(AnyEvent))


def recorded(stream: str, actor: str, event: AnyEvent, version: int = 1) -> Recorded:
    return Envelope(
        id=uuid7(),
        stream=stream,
        version=version,
        type=type(event).__name__,
        schema=1,
        at=datetime.now(UTC),
        actor=actor,
        data=event,
    )
