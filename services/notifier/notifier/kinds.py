"""The kinds of notifications as people know them: their names, icons and colours.

How each sounds stands in shared/web/static/callout/motifs.js.
"""

from msgspec import Struct

from shared.language import N_, _


class Kind(Struct, frozen=True):
    name: str
    icon: str
    colour: str

    @property
    def words(self) -> str:
        """The name in the reader's language."""
        return _(self.name)


FAMILIES: dict[str, dict[str, Kind]] = {
    N_("Tasks"): {
        "task_created": Kind(N_("Task created"), "plus", "azure"),
        "task_sent": Kind(N_("Task sent"), "send", "indigo"),
        "task_accepted": Kind(N_("Task accepted"), "user-check", "teal"),
        "task_rejected": Kind(N_("Task rejected"), "user-x", "red"),
        "task_rejection_explained": Kind(N_("Reason for a rejection"), "message", "orange"),
        "task_rejection_taken_back": Kind(N_("Rejection taken back"), "arrow-back-up", "indigo"),
        "client_info_sent": Kind(N_("Client info sent"), "map-pin", "blue"),
        "task_completed": Kind(N_("Task completed"), "circle-check", "green"),
        "task_status_changed": Kind(N_("Status of a task changed"), "switch-horizontal", "azure"),
        "task_unassigned": Kind(N_("Task is free again"), "user-question", "orange"),
        "task_deleted": Kind(N_("Task deleted"), "trash", "secondary"),
    },
    N_("Technicians"): {
        "technician_added": Kind(N_("New technician"), "user-plus", "purple"),
        "technician_blocked_bot": Kind(N_("Technician blocked the bot"), "user-off", "red"),
        "technician_account_gone": Kind(N_("Technician's account gone"), "user-exclamation", "red"),
        "technician_deactivated": Kind(N_("Technician paused"), "user-minus", "orange"),
        "technician_deleted": Kind(N_("Technician deleted"), "trash", "secondary"),
    },
    N_("Invoices and reports"): {
        "invoice_created": Kind(N_("Invoice created"), "file-invoice", "azure"),
        "invoice_sent": Kind(N_("Invoice sent"), "send", "indigo"),
        "invoice_status_changed": Kind(N_("Status of an invoice changed"), "cash", "green"),
        "invoice_deleted": Kind(N_("Invoice deleted"), "trash", "secondary"),
        "report_deleted": Kind(N_("Report deleted"), "trash", "secondary"),
    },
    N_("Trouble"): {
        "delivery_failed": Kind(N_("Message not delivered"), "message-exclamation", "red"),
        "delivery_unknown": Kind(N_("Message maybe not delivered"), "zoom-question", "orange"),
        "event_not_applied": Kind(N_("Event could not be applied"), "alert-octagon", "red"),
        "bot_refused": Kind(N_("Bot's token refused"), "robot", "red"),
        # No notification: what a page itself could not do. It sounds like one.
        "problem": Kind(N_("Something did not work"), "alert-triangle", "red"),
    },
    N_("Bot"): {
        "bot_connected": Kind(N_("Bot connected"), "plug-connected", "green"),
        "bot_disconnected": Kind(N_("Bot disconnected"), "plug-connected-x", "orange"),
    },
}
"""Family → kind → how it is shown."""

KINDS: dict[str, Kind] = {kind: shown for family in FAMILIES.values() for kind, shown in family.items()}
