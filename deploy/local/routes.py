"""Which service answers which path: the only table of it."""

ROUTES: tuple[tuple[str, str], ...] = (
    ("/api/tasks", "tasks"),
    ("/api/clients", "tasks"),
    ("/tasks", "tasks"),
    ("/clients", "tasks"),
    ("/api/technicians", "bot-gateway"),
    ("/api/telegram", "bot-gateway"),
    ("/api/bot-gateway", "bot-gateway"),
    ("/technicians", "bot-gateway"),
    ("/settings/telegram", "bot-gateway"),
    ("/telegram", "bot-gateway"),
    ("/api/invoices", "invoices"),
    ("/invoices", "invoices"),
    ("/api/reports", "reporting"),
    ("/api/audit", "reporting"),
    ("/api/reporting", "reporting"),
    ("/reports", "reporting"),
    ("/audit", "reporting"),
)
"""Path prefix → service."""

HOME = "reporting"  # `/` alone: the overview
REST = "notifier"  # login, admins, settings, notifications, the WebSocket, static files


def service_for(path: str) -> str:
    """The service whose page or call `path` is; a prefix ends at a slash, a dot (`/audit.csv`) or the end."""
    if path == "/":
        return HOME
    for prefix, service in ROUTES:
        if path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in {"", "/", "."}:
            return service
    return REST
