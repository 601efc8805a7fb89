"""What people do with their phones, and what the bot hears of it."""

import asyncio
import re
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from litestar.di import NamedDependency
from msgspec import Struct

from . import BOT_ID, GROUP_ID, shapes
from .entities import found_in
from .rules import TEXT_LIMIT, Limits, Meter, clean, utf16_length
from .store import Message, Person, Store, Tap
from .updates import Updates
from .weather import Weather

LANGUAGES = {"en": "English", "ar": "العربية", "de": "Deutsch", "fr": "Français", "es": "Español"}


class NotPossible(Exception):
    """A person cannot do that now: an HTTP code, and a sentence that says why."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class Call(Struct):
    """One call of the Bot API. `code` is the HTTP code of the answer, 0 where none was given."""

    n: int
    method: str
    chat: int | None
    code: int
    at: float


class Live:
    """Tells every open page what has changed, so that it can look again."""

    def __init__(self) -> None:
        self._pages: set[asyncio.Queue[dict[str, Any]]] = set()

    def tell(self, kind: str, chat: int | None = None, **more: Any) -> None:
        for page in self._pages:
            page.put_nowait({"kind": kind, "chat": None if chat is None else str(chat), **more})

    async def listen(self) -> AsyncIterator[dict[str, Any]]:
        page: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._pages.add(page)
        try:
            yield {"kind": "hello"}
            while True:
                try:
                    async with asyncio.timeout(15):
                        news = await page.get()
                except TimeoutError:
                    news = {"kind": "still here"}  # so that a page that has gone is noticed
                yield news
        finally:
            self._pages.discard(page)


class Phone:
    """Everything there is: kept data, the bot's updates, the limits, the weather, the log of calls."""

    def __init__(self, database: Path, limits: Limits, now: Callable[[], float]) -> None:
        """now  the clock of chats and taps, as `time.time`"""
        self.limits = limits
        self.now = now
        self.store = Store(database)
        self.updates = Updates(self.store, limits)
        self.meter = Meter(limits)
        self.weather = Weather()
        self.live = Live()
        self.calls: deque[Call] = deque(maxlen=10_000)
        self._calls = 0

    def log(self, method: str, chat: int | None, code: int) -> None:
        self._calls += 1
        self.calls.append(Call(self._calls, method, chat, code, time.time()))

    def person(self, person_id: int) -> Person:
        found = self.store.person(person_id)
        if found is None:
            raise NotPossible(404, "There is no such person on this phone.")
        return found

    def chat(self, person: Person, *, group: bool) -> int:
        return GROUP_ID if group else person.id

    # Who there is

    def add_person(self, name: str, username: str, language: str, person_id: int | None) -> Person:
        # Bot API, User: an id has "at most 52 significant bits"; new ones have long outgrown 32.
        number = person_id if person_id is not None else secrets.randbelow(2**52 - 2**33) + 2**33
        if not 0 < number < 2**52 or number == BOT_ID:
            raise NotPossible(422, "An id is a positive number of at most 52 bits.")
        if self.store.person(number):
            raise NotPossible(409, "Somebody with this id is already here.")
        person = Person(number, *_checked(name, username, language))
        self._refuse_double_username(person)
        self.store.save_person(person)
        self.live.tell("people")
        return person

    def change_person(self, person: Person, name: str, username: str, language: str) -> Person:
        """As in Telegram's settings: the bot is not told, it notices on the next contact."""
        person.name, person.username, person.language = _checked(name, username, language)
        self._refuse_double_username(person)
        self.store.save_person(person)
        self.live.tell("people", person.id)
        return person

    def _refuse_double_username(self, person: Person) -> None:
        wanted = person.username.lower()
        others = (one for one in self.store.people() if one.id != person.id)
        if wanted and any(one.username.lower() == wanted for one in others):
            raise NotPossible(409, f"@{person.username} is taken by somebody else.")

    # What they do

    def start(self, person: Person, payload: str = "") -> Message:
        """The Start button: it also unblocks, as "Restart bot" does."""
        _refuse_gone(person)
        if person.standing == "blocked":
            self.unblock(person)
        person.started, person.standing = True, "started"
        self.store.save_person(person)
        return self._say(person, person.id, f"/start {payload}".strip(), None)

    def write(
        self, person: Person, text: str, *, group: bool = False, reply_to: int | None = None
    ) -> Message:
        _refuse_gone(person)
        text = clean(text)
        if not text:
            raise NotPossible(422, "There is nothing in this message.")
        if utf16_length(text) > TEXT_LIMIT:
            raise NotPossible(422, f"A message has at most {TEXT_LIMIT} characters.")
        if not group:
            _refuse_silent(person)
            return self._say(person, person.id, text, reply_to)
        if not person.met:
            self._join_group(person)
        return self._say(person, GROUP_ID, text, reply_to)

    def _join_group(self, person: Person) -> None:
        first = not any(one.met for one in self.store.people())
        person.met = True
        self.store.save_person(person)
        if first:  # whoever comes first has brought the bot along
            joined = shapes.my_chat_member(self.store, GROUP_ID, person, self.now(), "left", "member")
            self.updates.put("my_chat_member", joined)

    def _say(self, person: Person, chat: int, text: str, reply_to: int | None) -> Message:
        number, entities = self.store.new_message_id(chat), found_in(text, [])
        message = Message(chat, number, person.id, self.now(), text, entities, reply_to=reply_to)
        self.store.save_message(message)
        answered = self.store.message(chat, reply_to) if reply_to else None
        to_bot = any(one.type == "bot_command" for one in message.entities) or (
            answered is not None and answered.sender == BOT_ID
        )
        # Telegram, privacy mode: of a group a bot hears commands and replies to itself, nothing else.
        if chat > 0 or to_bot:
            self.updates.put("message", shapes.message(self.store, message))
        self.live.tell("people", chat)
        return message

    def tap(self, person: Person, message_id: int, data: str, *, group: bool = False) -> Tap:
        """Press a button. What is sent is up to the phone: a real one could send forged data as well."""
        _refuse_gone(person)
        if not group:
            _refuse_silent(person)
        if not 1 <= len(data.encode()) <= 64:
            raise NotPossible(422, "Callback data has 1 to 64 bytes.")
        chat = self.chat(person, group=group)
        tap = Tap(secrets.randbelow(10**18), chat, person.id, message_id, data, self.now())
        self.store.save_tap(tap)
        self.updates.put("callback_query", shapes.callback_query(self.store, tap, person))
        return tap

    def block(self, person: Person) -> None:
        _refuse_gone(person)
        if person.standing != "blocked":
            self._stand(person, "blocked", "member", "kicked")

    def unblock(self, person: Person) -> None:
        _refuse_gone(person)
        if person.standing == "blocked":
            self._stand(person, "started" if person.started else "new", "kicked", "member")

    def _stand(self, person: Person, standing: str, old: str, new: str) -> None:
        person.standing = standing
        self.store.save_person(person)
        member = shapes.my_chat_member(self.store, person.id, person, self.now(), old, new)
        self.updates.put("my_chat_member", member)
        self.live.tell("people", person.id)

    def deactivate(self, person: Person) -> None:
        """The account is gone; Telegram tells nobody."""
        person.standing = "deactivated"
        self.store.save_person(person)
        self.live.tell("people", person.id)

    def restore(self, person: Person) -> None:
        """The account is back, as one that Telegram had closed by mistake; the bot hears of it at the next contact."""
        if person.standing == "deactivated":
            person.standing = "started" if person.started else "new"
            self.store.save_person(person)
            self.live.tell("people", person.id)

    def age(self, person: Person, hours: float) -> None:
        """Let time pass in this chat: its messages and taps become older by so many hours."""
        for message in self.store.messages(person.id):
            message.at -= hours * 3600
            self.store.save_message(message)
        for tap in self.store.taps(person.id):
            tap.at -= hours * 3600
            self.store.save_tap(tap)
        self.live.tell("chat", person.id)


ThePhone = NamedDependency[Phone]  # as the HTTP handlers take it in


def _checked(name: str, username: str, language: str) -> tuple[str, str, str]:
    name, username = clean(name), username.strip().removeprefix("@")
    if not 1 <= len(name) <= 128:
        raise NotPossible(422, "A name has 1 to 128 characters.")
    if username and not re.fullmatch(r"[A-Za-z]\w{3,31}", username, re.ASCII):
        raise NotPossible(422, "A username has 4 to 32 Latin letters, digits or underscores, a letter first.")
    if language and not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z]{2,8})?", language):
        raise NotPossible(422, "A language is a code such as “en” or “pt-br”.")
    return name, username, language


def _refuse_gone(person: Person) -> None:
    if person.standing == "deactivated":
        raise NotPossible(409, f"{person.name} has deleted the account.")


def _refuse_silent(person: Person) -> None:
    if person.standing == "blocked":
        raise NotPossible(409, f"{person.name} has blocked the bot.")
    if person.standing == "new":
        raise NotPossible(409, f"{person.name} has not pressed Start yet.")
