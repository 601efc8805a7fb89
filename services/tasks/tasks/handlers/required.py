"""What must be so before a request is carried out; asked in its transaction, so that it stays so."""

import asyncpg

from shared.contract.task import Status
from shared.numbers import BIGGEST
from shared.refusal import Refused, Why
from tasks import views
from tasks.domain.task import words

NO_CLIENT = "There is no such client. The data may have been erased."


async def require_active(connection: asyncpg.Connection, number: int, field: str) -> None:
    technician = await views.technician(connection, number, lock=True) if 0 < number <= BIGGEST else None
    sentence = {
        None: "There is no such technician. Technicians register by pressing Start in the bot.",
        "deleted": "{} was deleted. Choose another technician.",
        "blocked": "{} has blocked the bot, so nothing would arrive. They come back by pressing Start in the bot.",
        "deactivated": "{}'s Telegram account is deactivated. Choose another technician.",
    }.get(technician.status if technician else None)
    if sentence:
        sentence = sentence.format(technician.name if technician else "")
        raise Refused(sentence, Why.INVALID, {field: sentence})


async def require_client(connection: asyncpg.Connection, number: int) -> None:
    if not 0 < number <= BIGGEST or await views.client(connection, number) is None:
        raise Refused(NO_CLIENT, Why.INVALID, {"client_id": NO_CLIENT})


async def require_nobody_needs(connection: asyncpg.Connection, client: int) -> None:
    """Whoever is about to go there needs the data. What changes one of these tasks now waits, or is waited for."""
    for task in await views.lock_tasks_of(connection, client):
        if task.stands and task.status in (Status.ACCEPTED, Status.IN_PROGRESS):
            raise Refused(
                f"Task #{task.number} of this client is {words(task.status)}. Complete or cancel it first."
            )


def known_number(number: int, otherwise: str) -> int:
    if not 0 < number <= BIGGEST:
        raise Refused(otherwise, Why.MISSING)
    return number
