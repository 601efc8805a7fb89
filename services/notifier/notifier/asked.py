"""Who asks for something."""

from uuid import UUID

from msgspec import Struct


class Asked(Struct, frozen=True):
    """Who asks, and the id that makes asking twice the same as once.

    key  of the session that asks; none for a terminal
    """

    actor: str
    command_id: UUID | None = None
    key: str = ""
