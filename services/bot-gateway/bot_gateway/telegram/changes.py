"""What a technician is told of a change: an edit rings nobody, so a message of its own says what is another one now."""

from collections.abc import Collection

from bot_gateway.domain.record import Shown
from shared.contract.task import ClientInfo
from shared.language import N_, _, direction

from .messages import CLIENT_LINES, MORE, NO_TIME, PRIORITIES, aligned, apart, line_of, numbered, parts, when

CHANGED = N_("✏️ <b>Task %(task)s has changed</b>")
CLIENT_CHANGED = N_("✏️ <b>Task %(task)s: the client's data has changed</b>")
EXCHANGED = N_("👤 It is for another client now. The office will send you the new client's data.")
DESCRIBED_ANEW = N_("📝 The description is another one.")
NOTHING = N_("nothing")
REMOVED = {
    "phone": N_("📞 There is no phone number any more."),
    "address": N_("📍 There is no address any more."),
    "email": N_("✉️ There is no e-mail address any more."),
    "notes": N_("There are no notes any more."),
}


def task_changed(number: int, before: Shown, now: Shown, zone: str, *, exchanged: bool) -> list[str]:
    """Each thing that is another one, as it was and as it is; nothing where all is as before."""
    lines: list[str] = []
    if before.title != now.title:
        lines.append(_turned(f"<b>{apart(line_of(before.title))}</b>", f"<b>{apart(line_of(now.title))}</b>"))
    if before.scheduled_at != now.scheduled_at:
        was, becomes = (
            when(at, zone) if at else _(NO_TIME) for at in (before.scheduled_at, now.scheduled_at)
        )
        lines.append(f"🕒 {_turned(was, becomes)}")
    if before.area != now.area:
        was, becomes = (apart(line_of(area)) if area else _(NOTHING) for area in (before.area, now.area))
        lines.append(f"📍 {_turned(was, becomes)}")
    if before.priority is not now.priority:
        lines.append(_turned(_(PRIORITIES[before.priority]), _(PRIORITIES[now.priority])))
    if before.description != now.description:
        lines.append(_(DESCRIBED_ANEW))
    if exchanged:
        lines.append(_(EXCHANGED))
    named = [apart(line_of(now.title))] if before.title == now.title else []
    return [aligned([_(CHANGED, task=numbered(number)), *named, "", *lines])] if lines else []


def client_changed(number: int, client: ClientInfo, fields: Collection[str]) -> list[str]:
    """What is new of the client's data, as it is now; what was before is kept nowhere."""
    lines = [_(CLIENT_CHANGED, task=numbered(number)), ""]
    for field, line in CLIENT_LINES.items():
        if field in fields:
            held = getattr(client, field)
            lines.append(line(held) if held else _(REMOVED[field]))
    if "notes" in fields and not client.notes:
        lines.append(_(REMOVED["notes"]))
    notes = client.notes if "notes" in fields else ""
    return parts(aligned(lines), notes, _(MORE, task=numbered(number)))


def _turned(before: str, now: str) -> str:
    """Left to right or right to left, the arrow points to what is now."""
    return f"{before} ← {now}" if direction() == "rtl" else f"{before} → {now}"
