"""What must be so before a request is carried out; asked in its transaction, so that it stays so."""

import asyncpg

from shared.contract.event import by_service, stream_name
from shared.contract.task import ClientInfoSent, Status, TaskSent
from shared.journal import Outcome
from shared.keeping import require_word
from shared.language import N_, _, word
from shared.numbers import BIGGEST
from shared.refusal import Refused, Why
from tasks import views

NO_CLIENT = N_("There is no such client. The data may have been erased.")
CLIENT_ERASED = N_(
    "The client's data was erased, so there is nothing to send. Give the task another client first."
)


class OnItsWay(Refused):
    """The client info that went out by itself has not even arrived."""


async def require_reachable(connection: asyncpg.Connection, outcome: Outcome, keeps: int | None) -> None:
    """A technician who was deleted or is paused can't be sent anything. One who blocked the bot, or whose account is
    gone, can be tried: they may be back. Whom nobody has kept is only sent what is meant for them. Of a client who was
    erased there is nothing to send.

    keeps  as in `Asking`
    """
    for event in outcome.events:
        if not isinstance(event, TaskSent | ClientInfoSent):
            continue
        technician = await views.technician(connection, event.technician, lock=True)
        name = technician.name if technician else _("The technician")
        told = (stream_name("technician", event.technician),)
        if technician is None or technician.status == "deleted":
            raise Refused(_("%(name)s was deleted. Assign another technician.", name=name), rests_on=told)
        if technician.status == "deactivated":
            raise Refused(_("%(name)s is paused. Assign another technician.", name=name), rests_on=told)
        await require_kept(connection, technician, event, int(outcome.key), keeps)
        if isinstance(event, ClientInfoSent) and not await views.client(connection, event.client, lock=True):
            raise Refused(_(CLIENT_ERASED))


async def require_kept(
    connection: asyncpg.Connection,
    technician: views.Technician,
    event: TaskSent | ClientInfoSent,
    task: int,
    keeps: int | None,
) -> None:
    if technician.newcomer and not await views.was_kept(connection, technician.id, event, task):
        await require_word(connection, technician.id, technician.name, keeps)


async def require_news(connection: asyncpg.Connection, outcome: Outcome) -> None:
    """Who presses *Send client info* at the moment in which it goes out by itself means that one, not a second."""
    for event in outcome.events:
        if isinstance(event, ClientInfoSent) and await views.on_its_way(
            connection, outcome, event, by_service("tasks")
        ):
            raise OnItsWay(_("The client info is on its way."))


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
