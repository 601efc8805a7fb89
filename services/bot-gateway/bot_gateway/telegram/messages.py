"""Every sentence that a technician reads, as Telegram's HTML, in the language of whoever is spoken to.

What comes from people is escaped, and set apart from what stands around it, so that a Latin name or a
phone number in an Arabic sentence keeps its order (Unicode UAX #9, section 2.2: isolates). Lengths are
counted as Telegram counts them: in UTF-16 code units after the entities are parsed (Bot API, sendMessage: 1-4096).
"""

import re
from collections.abc import Callable
from datetime import datetime
from html import escape, unescape
from unicodedata import bidirectional
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from bot_gateway.domain import OfferState
from shared import clock
from shared.contract.task import ClientInfo, Priority, TaskDetails
from shared.language import N_, _, direction, locale

LIMIT = 4096  # Bot API, sendMessage
CAPTION_LIMIT = 1024  # Bot API, sendDocument
ANSWER_LIMIT = 200  # Bot API, answerCallbackQuery

FIRST_STRONG, POP = "\u2068", "\u2069"  # what is between keeps its own direction
RIGHT_TO_LEFT = "\u200f"  # invisible; a line that begins with it runs from right to left

# ── Buttons ──────────────────────────────────────────────────────────────────

ACCEPT = N_("✅ Accept")
REJECT = N_("❌ Reject")
COMPLETE = N_("🏁 Mark as Completed")
REASONS: dict[str, str] = {
    "far": N_("Too far"),
    "time": N_("No time"),
    "trade": N_("Wrong trade"),
    "ill": N_("Ill"),
    "part": N_("No part"),
}
"""The office gets them as they stand here, and each of its readers sees them in their own language."""
OTHER_REASON = N_("Other…")
NO_REASON = N_("Skip")
WRONG_BUTTON = N_("Wrong button")

# ── Answers ──────────────────────────────────────────────────────────────────

COMMANDS = {"tasks": N_("Your open tasks"), "help": N_("How this works")}

HELP = N_(
    "You get your tasks here.\n\n"
    "1. Press <b>%(accept)s</b> or <b>%(reject)s</b> under a task.\n"
    "2. Once you have accepted, the office sends you the client's data.\n"
    "3. Press <b>%(complete)s</b> when the work is done.\n\n"
    "/tasks shows your open tasks again."
)
OFFICE = N_("The office:")
NOT_UNDERSTOOD = N_(
    "I only understand the buttons under your tasks, /tasks and /help. "
    "Nobody in the office reads what is written here: please call them."
)
PRESS_START = N_("Please press /start first.")
PRESS_START_AGAIN = N_("You are no longer on the team's list. Press /start to join again.")
PAUSED = N_("The office has paused your access. Please call the office.")
NO_TASKS = N_("You have no open tasks. 👍")
FORGED = N_("This button does not work.")
SAVED = N_("Saved. We will confirm it here in a moment.")
BROKEN = N_(
    "Something is wrong on our side, and we could not finish what you just asked for. Please call the office."
)
HOW_TO_EXPLAIN = N_(
    "To say why you rejected a task, please reply to the question about it, or press one of the buttons there. "
    "Nobody in the office reads what else is written here: please call them."
)
CALL = frozenset({NOT_UNDERSTOOD, PAUSED, BROKEN, HOW_TO_EXPLAIN})
"""They ask to call the office, so its number belongs to them."""
WHY = N_("Why not?")
WHY_AT_ALL = N_("This helps the office to plan. You can also write it here, as a reply to this message.")
WRITE_REASON = N_("Please write the reason in one message.")
REASON_HINT = N_("The reason")
REASON_GIVEN = N_("Thank you, the office knows why: %(reason)s")
REASON_TAKEN = N_("Thank you, the office knows why.")
REASON_KNOWN = N_("The office has your reason.")
NO_REASON_GIVEN = N_("No reason given. That is fine.")
TAKEN_BACK = N_("You took this back. Please accept or reject the task with the buttons under its message.")
NOT_ASKED = N_("That is fine. Nothing more is needed here.")
GROUP = N_("I work in private chats only. Please write to me here: %(link)s")


def welcome(name: str, company: str) -> str:
    return _(
        "Welcome, %(name)s! 👋\n\n"
        "You are now on the list of %(company)s. Your tasks will arrive in this chat.\n\n"
        "/help tells how it works.",
        name=apart(plain(name)),
        company=apart(plain(company)),
    )


def welcome_back(name: str) -> str:
    return _(
        "Hello again, %(name)s. You are on the list. /tasks shows your open tasks.",
        name=apart(plain(name)),
    )


def help_text(phone: str) -> str:
    text = _(HELP, accept=_(ACCEPT), reject=_(REJECT), complete=_(COMPLETE))
    return f"{text}\n\n{calling(_(OFFICE), phone)}" if phone else text


def group(username: str) -> str:
    return _(GROUP, link=apart(f"https://t.me/{username}"))


def about(task: int, title: str) -> str:
    """What a question about a rejection, and each answer to it, is headed with: `Task #1042: Leaking boiler`."""
    named = _("Task %(task)s", task=numbered(task))
    return f"<b>{named}</b>: {apart(line_of(title))}" if title else f"<b>{named}</b>"


def why_not(task: int, title: str) -> str:
    return aligned([f"❓ <b>{_(WHY)}</b>", about(task, title), "", _(WHY_AT_ALL)])


def write_reason(task: int, title: str) -> str:
    return aligned([_(WRITE_REASON), about(task, title)])


def answered(task: int, title: str, sentence: str) -> str:
    return aligned([about(task, title), sentence])


def calling(sentence: str, phone: str) -> str:
    """A sentence that asks to call the office, with the number on a line of its own, which a touch calls."""
    return f"{sentence}\n{aligned([dialled(phone)])}" if phone else sentence


def dialled(phone: str) -> str:
    """Bare, since Telegram finds a number by itself."""
    return apart(f"📞 {line_of(phone)}")


def plain(sentence: str) -> str:
    """A sentence of another service, or of a person, as a message."""
    return escape(sentence, quote=False)


def notice(sentence: str, phone: str) -> str:
    """As the notice over the chat, in which a long sentence is cut and a number is not."""
    return cut(sentence, ANSWER_LIMIT - units(calling("", phone))) + calling("", phone)


# ── Tasks ────────────────────────────────────────────────────────────────────

HEADLINES = {
    OfferState.OPEN: N_("🆕 <b>Task %(task)s</b>"),
    OfferState.ACCEPTED: N_("✅ <b>Task %(task)s: accepted</b>\nThe office will send you the client's data."),
    OfferState.IN_PROGRESS: N_("🔧 <b>Task %(task)s: in progress</b>"),
    OfferState.COMPLETED: N_("🏁 <b>Task %(task)s: completed</b>"),
    OfferState.REJECTED: N_("❌ <b>Task %(task)s: rejected</b>"),
    OfferState.WITHDRAWN: N_("🚫 <b>Task %(task)s was withdrawn.</b>\nThere is nothing for you to do."),
    OfferState.REPLACED: N_("↪️ <b>Task %(task)s was sent again.</b>\nPlease answer the newer message."),
    OfferState.DELETED: N_("🚫 <b>Task %(task)s was withdrawn.</b>\nThere is nothing for you to do."),
}
MORE = N_("<b>Task %(task)s</b>, continued")
CLIENT = N_("👤 <b>Client for task %(task)s</b>")
REDACTED = N_("🚫 Task %(task)s is no longer yours, so the client's data was removed.")
REMOVED = N_("🚫 The client's data was removed from this message.")
INVOICE_WITHDRAWN = N_("🚫 Invoice %(invoice)s was withdrawn, and the client's data with it.")
NO_TIME = N_("no time yet")
OVER = frozenset({OfferState.WITHDRAWN, OfferState.REPLACED, OfferState.DELETED})

PRIORITIES = {
    Priority.LOW: N_("Low priority"),
    Priority.NORMAL: N_("Normal priority"),
    Priority.HIGH: N_("❗ High priority"),
    Priority.URGENT: N_("🔴 Urgent"),
}
WHEN = N_("EEE d MMM, HH:mm")
WHEN_FAR = N_("EEE d MMM y, HH:mm")
"""How a time is written, in the letters of Unicode TR 35: weekday, day, month, the year if it is another, the clock."""


def task_info(
    number: int, details: TaskDetails, state: OfferState, zone: str, most: int | None = None
) -> list[str]:
    """The parts of one task's message. Only what `TaskDetails` allows a technician to know is in it."""
    head = [_(HEADLINES[state], task=numbered(number)), "", f"<b>{apart(line_of(details.title))}</b>"]
    if state in OVER:
        return [aligned(head)]
    if details.area:
        head.append(f"📍 {apart(line_of(details.area))}")
    if details.scheduled_at:
        head.append(f"🕒 {when(details.scheduled_at, zone)}")
    head.append(_(PRIORITIES[details.priority]))
    return parts(aligned(head), details.description, _(MORE, task=numbered(number)), most)


def client_info(
    number: int, details: TaskDetails, client: ClientInfo, zone: str, most: int | None = None
) -> list[str]:
    """A client's data, with what it is for. The phone number stands alone and bare, so that a touch calls it."""
    head = [_(CLIENT, task=numbered(number)), apart(line_of(details.title))]
    if details.scheduled_at:
        head.append(f"🕒 {when(details.scheduled_at, zone)}")
    head.append("")
    head += [CLIENT_LINES[field](getattr(client, field)) for field in CLIENT_LINES if getattr(client, field)]
    return parts(aligned(head), client.notes, _(MORE, task=numbered(number)), most)


CLIENT_LINES: dict[str, Callable[[str], str]] = {
    "name": lambda name: f"<b>{apart(line_of(name))}</b>",
    "phone": dialled,
    "address": lambda address: f"📍 {apart(line_of(address, 512))}",
    "email": lambda email: apart(f"✉️ {line_of(email)}"),
}


def client_redacted(number: int) -> str:
    return _(REDACTED, task=numbered(number))


def invoice_withdrawn(number: int) -> str:
    return _(INVOICE_WITHDRAWN, invoice=numbered(number))


def when(at: datetime, zone: str) -> str:
    """`Mon 23 Nov, 14:05`, on the clock of the site; `Mon 23 Nov 2026, 14:05` in any other year."""
    here = ZoneInfo(zone)
    pattern = WHEN if at.astimezone(here).year == clock.now().astimezone(here).year else WHEN_FAR
    return format_datetime(at, _(pattern), tzinfo=here, locale=locale())


def line_of(text: str, limit: int = 256) -> str:
    return escape(cut(" ".join(text.split()), limit), quote=False)


# ── Directions ───────────────────────────────────────────────────────────────


def numbered(number: int) -> str:
    return apart(f"#{number}")


def apart(text: str) -> str:
    """Text of another origin in a sentence or line: where the two run in different directions, neither is torn."""
    strange = direction() == "rtl" or any(bidirectional(each) in ("R", "AL") for each in text)
    return f"{FIRST_STRONG}{text}{POP}" if strange else text


def aligned(lines: list[str]) -> str:
    """All of them run in the direction of the language: a Latin name, or a sign such as 🆕, turns none around."""
    mark = RIGHT_TO_LEFT if direction() == "rtl" else ""
    return "\n".join(line and f"{mark}{line}" for line in "\n".join(lines).split("\n"))


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


def chunks(lines: list[str], most: int | None = None) -> list[str]:
    """The lines in as few messages as hold them; the last one of `most` ends in an ellipsis where there is more."""
    found: list[list[str]] = [[]]
    for line in lines:
        if units(visible("\n".join([*found[-1], line]))) > LIMIT - 2:
            if most and len(found) == most:
                found[-1].append("…")
                break
            found.append([])
        found[-1].append(line)
    return [aligned(each) for each in found]


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
