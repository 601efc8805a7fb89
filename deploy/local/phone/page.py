"""The page that looks like a phone: one template, drawn by the server; the script keeps it fresh."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response, get
from litestar.params import FromQuery

from . import BOT_ID, BOT_NAME, BOT_USERNAME, GROUP_ID, GROUP_TITLE, PRACTICE_TOKEN
from .people import message_json
from .phone import LANGUAGES, Phone, ThePhone
from .rules import Json
from .store import Message, Person
from .weather import ANY, KINDS

HERE: Final = Path(__file__).parent

ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,  # every name and text here was typed by somebody
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
# Those that a bot calls in its daily work, and that are worth failing.
STORMY: Final = ("sendMessage", "editMessageText", "answerCallbackQuery", "deleteMessage", "sendDocument",
                 "getUpdates", "getMe")  # fmt: skip


@get("/", media_type="text/html")
async def page(
    phone: ThePhone,
    person: FromQuery[int | None] = None,
    group: FromQuery[bool] = False,
    reply: FromQuery[int | None] = None,
) -> Response[str]:
    """reply  the message that is answered, where somebody has chosen one"""
    people = phone.store.people()
    chosen = next((one for one in people if one.id == person), None) or (people[0] if people else None)
    html = ENVIRONMENT.get_template("page.html").render(
        people=[_listed(phone, one) for one in people],
        chosen=chosen,
        group=group,
        group_id=GROUP_ID,
        group_title=GROUP_TITLE,
        bot_name=BOT_NAME,
        bot_username=BOT_USERNAME,
        token=PRACTICE_TOKEN,
        screen=_screen(phone, chosen, group=group, reply=reply) if chosen else None,
        languages=LANGUAGES,
        storms=phone.weather.storms,
        kinds=KINDS,
        methods=(ANY, *STORMY),
        any_method=ANY,
        version=_version(),
    )
    return Response(html, media_type="text/html; charset=utf-8", headers={"cache-control": "no-store"})


def _screen(phone: Phone, person: Person, *, group: bool, reply: int | None) -> Json:
    """What is on the phone's screen: messages by day, and what can be done below them."""
    messages = phone.store.messages(phone.chat(person, group=group))
    shown = [_shown(phone, one, person) for one in messages]
    for before, one in zip([None, *shown], shown, strict=False):
        one["new_day"] = before is None or before["day"] != one["day"]
        one["follows"] = before is not None and before["sender"] == one["sender"] and not one["new_day"]
    by_number = {one["message_id"]: one for one in shown}
    for one in shown:
        one["answers"] = by_number.get(one["reply_to"])
    last = messages[-1] if messages else None
    asked = last if last and last.sender == BOT_ID and (last.markup or {}).get("force_reply") else None
    wanted = next((one for one in messages if one.message_id == reply), None)
    asked = wanted or asked
    return {
        "messages": shown,
        "asked": asked,
        "asked_by": BOT_NAME if asked and asked.sender == BOT_ID else "",
        "wanted": wanted is not None,
        "placeholder": ((asked.markup or {}).get("input_field_placeholder") if asked else "") or "Message",
        "keyboard": _reply_keyboard(messages),
        "commands": _commands(phone, person),
    }


def _shown(phone: Phone, message: Message, reader: Person) -> Json:
    at = datetime.fromtimestamp(message.at, UTC)
    return {
        **message_json(phone, message),
        "sender": message.sender,
        "mine": message.sender == reader.id,
        "hue": _hue(message.sender),
        "iso": at.isoformat(timespec="seconds"),
        "time": f"{at:%H:%M}",
        "day": f"{at:%Y-%m-%d}",
        "day_name": f"{at:%-d %B}",
    }


def _listed(phone: Phone, person: Person) -> Json:
    last = phone.store.last_message(person.id)
    return {
        "person": person,
        "hue": _hue(person.id),
        "initials": _initials(person.name),
        "last": "" if last is None else last.text or (last.document.file_name if last.document else ""),
        "last_mine": last is not None and last.sender == person.id,
        "last_id": 0 if last is None or last.sender == person.id else last.message_id,
        "last_at": "" if last is None else datetime.fromtimestamp(last.at, UTC).isoformat(timespec="seconds"),
    }


def _reply_keyboard(messages: list[Message]) -> list[list[str]]:
    """The last one that the bot has sent and not taken back (Bot API, ReplyKeyboardMarkup)."""
    for message in reversed(messages):
        markup = message.markup or {}
        if markup.get("remove_keyboard"):
            return []
        if "keyboard" in markup:
            used = markup.get("one_time_keyboard") and messages[-1].sender != BOT_ID
            return [] if used else [[one["text"] for one in row] for row in markup["keyboard"]]
    return []


def _commands(phone: Phone, person: Person) -> list[Json]:
    """Bot API, "Determining list of commands": narrow scopes first, the person's language before none."""
    kept: dict[str, list[Json]] = phone.store.note("commands", {})
    places = [
        f"{scope}:{language}"
        for scope in ("all_private_chats", "default")
        for language in (person.language, "")
    ]
    return next((kept[place] for place in places if place in kept), [])


def _initials(name: str) -> str:
    words = name.split()
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def _hue(number: int) -> int:
    return number * 2654435761 % 2**32 >> 29  # spreads neighbouring ids over eight colours


def _version() -> int:
    return max(int(one.stat().st_mtime) for one in (HERE / "static").iterdir())
