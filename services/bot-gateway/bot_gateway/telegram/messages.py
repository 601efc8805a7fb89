"""Every sentence that a technician reads, as Telegram's HTML.

What comes from people is escaped. Lengths are counted as Telegram counts them: in UTF-16 code units
after the entities are parsed (Bot API, sendMessage: 1-4096).
"""

import re
from datetime import datetime
from html import escape, unescape
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from bot_gateway.domain import OfferState
from shared.contract.task import ClientInfo, Priority, TaskDetails

LIMIT = 4096  # Bot API, sendMessage
CAPTION_LIMIT = 1024  # Bot API, sendDocument
ANSWER_LIMIT = 200  # Bot API, answerCallbackQuery

# ── Buttons ──────────────────────────────────────────────────────────────────

ACCEPT = "✅ Accept"
REJECT = "❌ Reject"
COMPLETE = "🏁 Mark as Completed"
REASONS = {"far": "Too far", "time": "No time"}
OTHER_REASON = "Other…"
NO_REASON = "Skip"

# ── Answers ──────────────────────────────────────────────────────────────────

COMMANDS = {"tasks": "Your open tasks", "help": "How this works"}

HELP = (
    "You get your tasks here.\n\n"
    "1. Press <b>✅ Accept</b> or <b>❌ Reject</b> under a task.\n"
    "2. Once you have accepted, the office sends you the client's data.\n"
    "3. Press <b>🏁 Mark as Completed</b> when the work is done.\n\n"
    "/tasks shows your open tasks again."
)
NOT_UNDERSTOOD = "I only understand the buttons under your tasks, /tasks and /help."
PRESS_START = "Please press /start first."
PRESS_START_AGAIN = "You are no longer on the team's list. Press /start to join again."
SWITCHED_OFF = "Your access is switched off. Please call the office."
NO_TASKS = "You have no open tasks. 👍"
FORGED = "This button does not work."
SAVED = "Saved. We will confirm it here in a moment."
BROKEN = (
    "Something is wrong on our side, and we could not finish what you just asked for. Please call the office."
)
WHY = "Why not? This helps the office to plan. You can also just write it here."
WRITE_REASON = "Please write the reason in one message."
REASON_HINT = "The reason"
REASON_GIVEN = "Thank you, the office knows why: {reason}"
REASON_TAKEN = "Thank you, the office knows why."
REASON_KNOWN = "The office has your reason."
NO_REASON_GIVEN = "No reason given. That is fine."
NOT_ASKED = "That is fine. Nothing more is needed here."
GROUP = "I work in private chats only. Please write to me here: {link}"


def welcome(name: str, company: str) -> str:
    return (
        f"Welcome, {escape(name, quote=False)}! 👋\n\n"
        f"You are now on the list of {escape(company, quote=False)}. Your tasks will arrive in this chat.\n\n"
        "/help tells how it works."
    )


def welcome_back(name: str) -> str:
    return f"Hello again, {escape(name, quote=False)}. You are on the list. /tasks shows your open tasks."


def group(username: str) -> str:
    return GROUP.format(link=f"https://t.me/{username}")


def plain(sentence: str) -> str:
    """A sentence of another service, or of a person, as a message."""
    return escape(sentence, quote=False)


# ── Tasks ────────────────────────────────────────────────────────────────────

HEADLINES = {
    OfferState.OPEN: "🆕 <b>Task #{task}</b>",
    OfferState.ACCEPTED: "✅ <b>Task #{task}: accepted</b>\nThe office will send you the client's data.",
    OfferState.IN_PROGRESS: "🔧 <b>Task #{task}: in progress</b>",
    OfferState.COMPLETED: "🏁 <b>Task #{task}: completed</b>",
    OfferState.REJECTED: "❌ <b>Task #{task}: rejected</b>",
    OfferState.WITHDRAWN: "🚫 <b>Task #{task} was withdrawn.</b>\nThere is nothing for you to do.",
    OfferState.REPLACED: "↪️ <b>Task #{task} was sent again.</b>\nPlease answer the newer message.",
    OfferState.DELETED: "🚫 <b>Task #{task} was withdrawn.</b>\nThere is nothing for you to do.",
}
MORE = "<b>Task #{task}</b>, continued"
OVER = frozenset({OfferState.WITHDRAWN, OfferState.REPLACED, OfferState.DELETED})

PRIORITIES = {
    Priority.LOW: "Low priority",
    Priority.NORMAL: "Normal priority",
    Priority.HIGH: "❗ High priority",
    Priority.URGENT: "🔴 Urgent",
}


def task_info(
    number: int, details: TaskDetails, state: OfferState, zone: str, most: int | None = None
) -> list[str]:
    """The parts of one task's message. Only what `TaskDetails` allows a technician to know is in it."""
    head = [HEADLINES[state].format(task=number), "", f"<b>{_line(details.title)}</b>"]
    if state in OVER:
        return ["\n".join(head)]
    if details.area:
        head.append(f"📍 {_line(details.area)}")
    if details.scheduled_at:
        head.append(f"🕒 {when(details.scheduled_at, zone)}")
    head.append(PRIORITIES[details.priority])
    return parts("\n".join(head), details.description, MORE.format(task=number), most)


def client_info(number: int, client: ClientInfo) -> list[str]:
    """A client's data. The phone number stands alone and bare, so that a touch calls it."""
    head = [f"👤 <b>Client for task #{number}</b>", "", f"<b>{_line(client.name)}</b>"]
    if client.phone:
        head.append(f"📞 {_line(client.phone)}")
    if client.address:
        head.append(f"📍 {_line(client.address, 512)}")
    if client.email:
        head.append(f"✉️ {_line(client.email)}")
    return parts("\n".join(head), client.notes, MORE.format(task=number))


def client_redacted(number: int) -> str:
    return f"🚫 Task #{number} is no longer yours, so the client's data was removed."


def when(at: datetime, zone: str) -> str:
    """`Mon 23 Nov, 14:05`, on the clock of the site."""
    return format_datetime(at, "EEE d MMM, HH:mm", tzinfo=ZoneInfo(zone), locale="en")


def _line(text: str, limit: int = 256) -> str:
    return escape(cut(" ".join(text.split()), limit), quote=False)


# ── Lengths ──────────────────────────────────────────────────────────────────


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def visible(html: str) -> str:
    """What Telegram counts of the HTML that this module writes."""
    return unescape(re.sub(r"</?[bi]>", "", html))


def cut(text: str, limit: int) -> str:
    return text if units(text) <= limit else _prefix(text, limit - 1).rstrip() + "…"


def parts(head: str, body: str, more: str, most: int | None = None) -> list[str]:
    """HTML head and plain body as messages that Telegram takes; the body goes on from part to part.

    more  HTML that stands over each part but the first
    most  an edit can't make a message more: the body is cut until it fits into so many
    """
    body = body.strip()
    while most and len(parts(head, body, more)) > most:
        body = cut(body, min(units(body) * 9 // 10, LIMIT * most))
    if not body:
        return [head]
    first, rest = _break(body, LIMIT - units(visible(head)) - 2)
    found = [f"{head}\n\n{escape(first, quote=False)}"]
    while rest:
        piece, rest = _break(rest, LIMIT - units(visible(more)) - 2)
        found.append(f"{more}\n\n{escape(piece, quote=False)}")
    return found


def _break(text: str, limit: int) -> tuple[str, str]:
    """Splits at the end of a paragraph, a line or a word where there is one in the second half."""
    if units(text) <= limit:
        return text, ""
    piece = _prefix(text, limit)
    for mark in ("\n\n", "\n", " "):
        at = piece.rfind(mark)
        if at > len(piece) // 2:
            return piece[:at].rstrip(), text[at:].lstrip()
    return piece, text[len(piece) :].lstrip()


def _prefix(text: str, limit: int) -> str:
    """The longest beginning of at most `limit` units; no character is torn."""
    return text.encode("utf-16-le", "surrogatepass")[: max(limit, 0) * 2].decode("utf-16-le", "ignore")
