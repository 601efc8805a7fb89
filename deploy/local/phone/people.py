"""The technicians' side as JSON: what the page's script and the tests use."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Router, get, patch, post, put
from litestar.exceptions import HTTPException
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import ServerSentEvent
from litestar.types import ASGIApp
from msgspec import Meta, Struct

from . import BOT_ID
from .entities import to_html
from .phone import Phone, ThePhone
from .rules import Json
from .store import Message, Person, Tap
from .weather import Storm, Weather
from .wire import file_answer


class NewPerson(Struct, forbid_unknown_fields=True):
    name: str
    username: str | None = None
    language: str = "en"
    id: int | None = None


class ChangedPerson(Struct, forbid_unknown_fields=True):
    name: str | None = None
    username: str | None = None
    language: str | None = None


class Start(Struct, forbid_unknown_fields=True):
    payload: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{0,64}$")] = ""  # Bots, deep linking


class Words(Struct, forbid_unknown_fields=True):
    text: str
    reply_to: int | None = None
    group: bool = False


class Press(Struct, forbid_unknown_fields=True):
    message_id: int
    data: str
    group: bool = False


class Age(Struct, forbid_unknown_fields=True):
    hours: float


class PeopleController(Controller):
    path = "/people"

    @get()
    async def everybody(self, phone: ThePhone) -> list[Json]:
        return [person_json(one) for one in phone.store.people()]

    @post()
    async def add(self, phone: ThePhone, data: JSONBody[NewPerson]) -> Json:
        return person_json(phone.add_person(data.name, data.username or "", data.language, data.id))

    @get("/{person_id:int}")
    async def one(self, phone: ThePhone, person_id: FromPath[int]) -> Json:
        return person_json(phone.person(person_id))

    @patch("/{person_id:int}")
    async def change(self, phone: ThePhone, person_id: FromPath[int], data: JSONBody[ChangedPerson]) -> Json:
        person = phone.person(person_id)
        given = [
            old if new is None else new
            for old, new in (
                (person.name, data.name), (person.username, data.username), (person.language, data.language)
            )
        ]  # fmt: skip
        return person_json(phone.change_person(person, *given))

    @post("/{person_id:int}/start")
    async def start(
        self, phone: ThePhone, person_id: FromPath[int], data: JSONBody[Start | None] = None
    ) -> Json:
        said = phone.start(phone.person(person_id), data.payload if data else "")
        return {"message_id": said.message_id}

    @post("/{person_id:int}/messages")
    async def write(self, phone: ThePhone, person_id: FromPath[int], data: JSONBody[Words]) -> Json:
        said = phone.write(phone.person(person_id), data.text, group=data.group, reply_to=data.reply_to)
        return {"message_id": said.message_id}

    @get("/{person_id:int}/messages")
    async def messages(
        self,
        phone: ThePhone,
        person_id: FromPath[int],
        group: FromQuery[bool] = False,
        after: FromQuery[int] = 0,
    ) -> list[Json]:
        """after  the number of the last message that is known already"""
        chat = phone.chat(phone.person(person_id), group=group)
        return [message_json(phone, one) for one in phone.store.messages(chat, after)]

    @post("/{person_id:int}/taps")
    async def tap(self, phone: ThePhone, person_id: FromPath[int], data: JSONBody[Press]) -> Json:
        tap = phone.tap(phone.person(person_id), data.message_id, data.data, group=data.group)
        return {"id": str(tap.id)}

    @get("/{person_id:int}/answers")
    async def answers(
        self, phone: ThePhone, person_id: FromPath[int], group: FromQuery[bool] = False
    ) -> list[Json]:
        person = phone.person(person_id)
        taps = phone.store.taps(phone.chat(person, group=group))
        return [answer_json(one) for one in taps if one.answered_at is not None and one.person == person.id]

    @post("/{person_id:int}/block")
    async def block(self, phone: ThePhone, person_id: FromPath[int]) -> Json:
        phone.block(phone.person(person_id))
        return person_json(phone.person(person_id))

    @post("/{person_id:int}/unblock")
    async def unblock(self, phone: ThePhone, person_id: FromPath[int]) -> Json:
        phone.unblock(phone.person(person_id))
        return person_json(phone.person(person_id))

    @post("/{person_id:int}/deactivate")
    async def deactivate(self, phone: ThePhone, person_id: FromPath[int]) -> Json:
        phone.deactivate(phone.person(person_id))
        return person_json(phone.person(person_id))

    @post("/{person_id:int}/restore")
    async def restore(self, phone: ThePhone, person_id: FromPath[int]) -> Json:
        phone.restore(phone.person(person_id))
        return person_json(phone.person(person_id))

    @post("/{person_id:int}/age")
    async def age(self, phone: ThePhone, person_id: FromPath[int], data: JSONBody[Age]) -> Json:
        phone.age(phone.person(person_id), data.hours)
        return person_json(phone.person(person_id))


@get("/weather")
async def weather(phone: ThePhone) -> Weather:
    return phone.weather


@put("/weather")
async def change_weather(phone: ThePhone, data: JSONBody[Weather]) -> Weather:
    """What was there before is over; no storms at all is good weather."""
    phone.weather.storms = [one for one in data.storms if one.times > 0]
    phone.live.tell("weather")
    return phone.weather


@post("/weather")
async def add_storm(phone: ThePhone, data: JSONBody[Storm]) -> Weather:
    phone.weather.storms = [*phone.weather.storms, data]
    phone.live.tell("weather")
    return phone.weather


@get("/calls")
async def calls(phone: ThePhone, after: FromQuery[int] = 0) -> list[Json]:
    return [msgspec.to_builtins(one) for one in phone.calls if one.n > after]


@get("/live")
async def live(phone: ThePhone) -> ServerSentEvent:
    async def events() -> Any:
        async for news in phone.live.listen():
            yield msgspec.json.encode(news).decode()

    return ServerSentEvent(events())


@get("/files/{file_id:str}")
async def file(phone: ThePhone, file_id: FromPath[str]) -> ASGIApp:
    document, content = phone.store.document(file_id), phone.store.file(file_id)
    if document is None or content is None:
        raise HTTPException(status_code=404, detail="There is no such file on this phone.")
    return file_answer(content, document.file_name, document.mime_type)


def person_json(person: Person) -> Json:
    return {
        "id": person.id,
        "name": person.name,
        "username": person.username or None,
        "language": person.language,
        "standing": person.standing,
    }


def message_json(phone: Phone, message: Message) -> Json:
    sender = None if message.sender == BOT_ID else phone.store.person(message.sender)
    markup = message.markup or {}
    return {
        "message_id": message.message_id,
        "from": "bot" if sender is None else "person",
        "name": "" if sender is None else sender.name,
        "at": message.at,
        "edited_at": message.edited_at,
        "text": message.text,
        "html": to_html(message.text, message.entities),
        "buttons": [[button_json(one) for one in row] for row in markup.get("inline_keyboard", [])],
        "keyboard": [[one["text"] for one in row] for row in markup.get("keyboard", [])],
        "force_reply": bool(markup.get("force_reply")),
        "protect": message.protect,
        "reply_to": message.reply_to,
        "document": message.document and {
            "name": message.document.file_name,
            "mime_type": message.document.mime_type,
            "size": message.document.file_size,
            "url": f"/phone/files/{message.document.file_id}",
        },
    }  # fmt: skip


def button_json(button: Json) -> Json:
    return {"text": button["text"], "data": button.get("callback_data"), "url": button.get("url")}


def answer_json(tap: Tap) -> Json:
    return {
        "id": str(tap.id),
        "message_id": tap.message_id,
        "data": tap.data,
        "text": tap.text,
        "show_alert": tap.show_alert,
        "url": tap.url,
        "tapped_at": tap.at,
        "at": tap.answered_at,
    }


router = Router(
    "/phone", route_handlers=[PeopleController, weather, change_weather, add_storm, calls, live, file]
)
