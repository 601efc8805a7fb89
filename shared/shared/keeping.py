"""Before something goes to a technician whom nobody has kept: whoever sends it says so, where the settings let them."""

import asyncpg

from shared import site
from shared.contract.event import stream_name
from shared.language import N_, _
from shared.refusal import Refused

ANYBODY = -1
"""A program sends to whom it names: nobody is there who could be asked."""

ASKED_FIRST = N_("Nobody has kept %(name)s yet: say that you keep them, and it is sent.")
KEPT_ONLY = N_(
    "%(name)s is not kept yet, and by the settings only kept technicians can be sent anything. "
    "Press “Keep as is” on the technician's page, then send."
)


class NotKept(Refused):
    """forbidden  the settings want them kept before anything is sent; else a word of whoever sends is enough"""

    def __init__(self, technician: int, name: str, *, forbidden: bool) -> None:
        sentence = _(KEPT_ONLY if forbidden else ASKED_FIRST, name=name)
        super().__init__(sentence, rests_on=(stream_name("technician", technician),))
        self.technician = technician
        self.forbidden = forbidden


async def require_word(
    connection: asyncpg.Connection | asyncpg.Pool, technician: int, name: str, keeps: int | None
) -> None:
    """
    technician  nobody has kept them
    keeps       whom the person who sends has said to keep by it, or ANYBODY
    """
    if (await site.current(connection)).only_kept_technicians:
        raise NotKept(technician, name, forbidden=True)
    if keeps not in (ANYBODY, technician):
        raise NotKept(technician, name, forbidden=False)
