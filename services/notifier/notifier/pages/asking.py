"""Who asks for a command, and from where."""

from notifier.asked import Asked
from notifier.login_limits import Origin
from shared.web import Request, command_id, cookies, identity

DEVICE = "callout_device"
"""The cookie by which a browser is known again. It names nobody, opens nothing, and stays when somebody logs out."""


def asked(request: Request) -> Asked:
    who = identity(request)
    return Asked(who.actor, command_id(request), who.key)


def origin_of(request: Request, *, secure: bool) -> Origin:
    address = request.client.host if request.client else ""
    device = cookies.read(request, DEVICE, secure=secure) or ""
    return Origin(address, request.headers.get("user-agent", ""), device)
