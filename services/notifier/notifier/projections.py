"""Event → rows: the admins from the own journal, the notifications from everybody's."""

import asyncpg
import msgspec

from notifier import newcomers
from notifier.feed import answers, waits_about
from shared import names, site
from shared.contract import Recorded
from shared.contract.admin import AdminAdded, AdminDisabled, AdminEnabled, AdminRoleChanged
from shared.contract.event import stream_name
from shared.contract.site import SiteLogoChanged
from shared.contract.technician import TechnicianRegistered
from shared.names import Names
from shared.sentences import notification

TABLES = ("admins", "notifications", "waiting", "logo")

FOLDS = ("task", "technician", "delivery", "invoice", "report", "bot", "fold")
"""The aggregates that admins are notified of."""

NOTIFY = "INSERT INTO notifications (id, kind, event) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
ARRIVE = "INSERT INTO arrivals (id) VALUES ($1) ON CONFLICT DO NOTHING"
WAIT = "INSERT INTO waiting (id, about) VALUES ($1, $2) ON CONFLICT DO NOTHING"
LOGO = """
INSERT INTO logo (version, media_type, image, drawn) VALUES ($1, $2, $3, $4)
ON CONFLICT (only_row) DO UPDATE SET version = $1, media_type = $2, image = $3, drawn = $4
"""
ANSWERED = "DELETE FROM waiting WHERE about = $1"


async def project(connection: asyncpg.Connection, recorded: Recorded) -> None:
    """Own events. The settings and names also come back over the bus; here so that a page reads its own writes."""
    await site.remember(connection, recorded)
    await names.remember(connection, recorded)
    match recorded.data:
        case AdminAdded(login=login, name=name, role=role):
            await connection.execute(
                "INSERT INTO admins (login, name, role, since) VALUES ($1, $2, $3, $4)",
                login,
                name,
                role.value,
                recorded.at,
            )
        case AdminRoleChanged(login=login, role=role):
            await connection.execute("UPDATE admins SET role = $2 WHERE login = $1", login, role.value)
        case AdminDisabled(login=login):
            await connection.execute("UPDATE admins SET enabled = false WHERE login = $1", login)
        case AdminEnabled(login=login):
            await connection.execute("UPDATE admins SET enabled = true WHERE login = $1", login)
        case SiteLogoChanged(image=None):
            await connection.execute("DELETE FROM logo")
        case SiteLogoChanged(image=image, media_type=media_type, pixels=pixels):
            drawn = recorded.version if pixels else None
            await connection.execute(LOGO, recorded.version, media_type, image, drawn)
        case _:
            pass


async def fold(connection: asyncpg.Connection, recorded: Recorded) -> None:
    """An event that admins should hear of becomes one notification; its words are made when it is read."""
    answered = answers(recorded)
    if answered is not None:
        await connection.execute(ANSWERED, answered)
        if recorded.aggregate == "technician":
            await newcomers.answer(connection, int(recorded.key))
    line = notification(recorded, Names())
    if line is None:
        return
    # Held to the commit: whoever sees a position sees all before it.
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('arrivals'))")
    if isinstance(recorded.data, TechnicianRegistered):
        told = await newcomers.told_by(connection, recorded)
        if told.crowded:
            about_all = stream_name("newcomers", told.notification)
            await connection.execute(WAIT, told.notification, about_all)
        if told.notification != recorded.id:
            return
    await connection.execute(NOTIFY, recorded.id, line.kind, msgspec.json.encode(recorded).decode())
    await connection.execute(ARRIVE, recorded.id)
    about = waits_about(recorded, line.kind)
    if about is not None:
        await connection.execute(WAIT, recorded.id, about)
