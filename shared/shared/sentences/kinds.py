"""What each kind of event is called where one is chosen from a list."""

from shared.language import N_, translated

AGGREGATES: dict[str, str] = {
    "task": N_("Tasks"),
    "client": N_("Clients"),
    "technician": N_("Technicians"),
    "bot": N_("Bot"),
    "delivery": N_("Deliveries"),
    "invoice": N_("Invoices"),
    "admin": N_("Admins"),
    "site": N_("Settings"),
    "report": N_("Reports"),
    "fold": N_("Faults"),
}

LABELS: dict[str, str] = {
    "TaskCreated": N_("Task created"),
    "TaskEdited": N_("Task edited"),
    "TaskAssigned": N_("Task assigned"),
    "TaskUnassigned": N_("Task free again"),
    "TaskSent": N_("Task info sent"),
    "TaskAccepted": N_("Task accepted"),
    "TaskRejected": N_("Task rejected"),
    "RejectionExplained": N_("Rejection explained"),
    "ClientInfoSent": N_("Client info sent"),
    "TaskCompleted": N_("Task completed"),
    "OfferWithdrawn": N_("Offer withdrawn"),
    "TaskStatusChanged": N_("Task status set by hand"),
    "TaskDeleted": N_("Task deleted"),
    "ClientAdded": N_("Client added"),
    "ClientRenamed": N_("Client renamed"),
    "ClientContactChanged": N_("Contact data changed"),
    "ClientErased": N_("Client erased"),
    "TechnicianRegistered": N_("Technician registered"),
    "TechnicianProfileChanged": N_("Telegram profile changed"),
    "TechnicianEdited": N_("Technician edited"),
    "TechnicianReviewed": N_("Technician reviewed"),
    "TechnicianBlockedBot": N_("Bot blocked"),
    "TechnicianAccountGone": N_("Telegram account gone"),
    "TechnicianUnblockedBot": N_("Can be reached again"),
    "TechnicianDeactivated": N_("Technician paused"),
    "TechnicianReactivated": N_("Technician back in service"),
    "TechnicianDeleted": N_("Technician deleted"),
    "BotConnected": N_("Bot connected"),
    "BotDisconnected": N_("Bot disconnected"),
    "BotRefused": N_("Bot token refused"),
    "DeliverySent": N_("Message delivered"),
    "DeliveryFailed": N_("Delivery failed"),
    "DeliveryUnknown": N_("Delivery unclear"),
    "InvoiceCreated": N_("Invoice created"),
    "InvoiceSent": N_("Invoice sent"),
    "InvoiceStatusChanged": N_("Invoice status changed"),
    "InvoiceDeleted": N_("Invoice deleted"),
    "AdminAdded": N_("Admin added"),
    "AdminRoleChanged": N_("Role changed"),
    "AdminPasswordChanged": N_("Password changed"),
    "AdminDisabled": N_("Login disabled"),
    "AdminEnabled": N_("Login enabled"),
    "AdminLoggedIn": N_("Logged in"),
    "AdminLoggedOut": N_("Logged out"),
    "ApiTokenCreated": N_("API token created"),
    "ApiTokenRevoked": N_("API token revoked"),
    "SiteSettingsChanged": N_("Settings changed"),
    "SiteLogoChanged": N_("Logo changed"),
    "ReportDeleted": N_("Report deleted"),
    "EventNotApplied": N_("Event not applied"),
}


def label(kind: str) -> str:
    """`ClientInfoSent` → "Client info sent", in the reader's language."""
    return translated(LABELS[kind])
