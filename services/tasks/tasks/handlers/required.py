"""What must be so before a request is carried out; asked in its transaction, so that it stays so."""

import asyncpg

from shared.contract.event import stream_name
from shared.contract.task import Status
from shared.language import N_, _, word
from shared.numbers import BIGGEST
from shared.refusal import Refused, Why
from tasks import views

NO_CLIENT = N_("There is no such client. The data may have been erased.")
CLIENT_ERASED = N_(
    "The client's data was erased, so there is nothing to send. Give the task another client first."
)


async def require_active(connection: asyncpg.Connection, number: int, field: str) -> None:
    could_be = 0 < number <= BIGGEST
    technician = await views.technician(connection, number, lock=True) if could_be else None
    sentence = {
        None: N_("There is no such technician. Technicians register by pressing Start in the bot."),
        "deleted": N_("%(name)s was deleted. Choose another technician."),
        "blocked": N_(
            "%(name)s has blocked the bot, so nothing would arrive. They come back by pressing Start in the bot."
        ),
        "gone": N_(
            "The Telegram account of %(name)s is gone, so nothing would arrive. Choose another technician."
        ),
        "deactivated": N_("%(name)s is paused. Choose another technician."),
    }.get(technician.status if technician else None)
    if sentence:
        sentence = _(sentence, name=technician.name if technician else "")
        told = (stream_name("technician", number),) if could_be else ()
        raise Refused(sentence, Why.INVALID, {field: sentence}, rests_on=told)


async def require_client(connection: asyncpg.Connection, number: int) -> None:
    if not 0 < number <= BIGGEST or await views.client(connection, number, lock=True) is None:
        raise Refused(_(NO_CLIENT), Why.INVALID, {"client_id": _(NO_CLIENT)})


async def require_nobody_needs(connection: asyncpg.Connection, client: int) -> None:
    """Whoever is about to go there needs the data. What changes one of these tasks now waits, or is waited for."""
    for task in await views.lock_tasks_of(connection, client):
        if task.stands and task.status in (Status.ACCEPTED, Status.IN_PROGRESS):
            raise Refused(
                _(
                    "Task #%(number)s of this client is %(status)s. Complete or cancel it first.",
                    number=task.number,
                    status=word(task.status),
                )
            )


def known_number(number: int, otherwise: str) -> int:
    """otherwise  the sentence where no row can have this number, marked for translation"""
    if not 0 < number <= BIGGEST:
        raise Refused(_(otherwise), Why.MISSING)
    return number
