"""Who asks for a command, and from where."""

from notifier.handlers import Asked
from shared.web import Request, command_id, identity


def asked(request: Request) -> Asked:
    return Asked(identity(request).actor, command_id(request))


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""
