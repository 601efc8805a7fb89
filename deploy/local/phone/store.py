"""People, chats, messages, files and unconfirmed updates: one SQLite file, which a restart finds again."""

import secrets
import sqlite3
import time
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field

from .entities import Entity
from .rules import Json

Kind = TypeVar("Kind")

SCHEMA = """
create table if not exists people   (id integer not null unique, body text not null) strict;
create table if not exists messages (chat integer, message integer, body text not null,
                                     primary key (chat, message)) strict;
create table if not exists taps     (id integer not null unique, chat integer not null,
                                     body text not null) strict;
create index if not exists taps_of_chat on taps (chat);
create table if not exists updates  (id integer primary key, at real not null, body text not null) strict;
create table if not exists files    (id text primary key, content blob not null) strict;
create table if not exists notes    (name text primary key, body text not null) strict;
"""


class Person(Struct):
    """Somebody with a phone. `standing`: new (never pressed Start), started, blocked or deactivated."""

    id: int
    name: str
    username: str = ""
    language: str = "en"
    standing: str = "new"
    started: bool = False  # pressed Start at least once, whatever came after
    met: bool = False  # the bot has seen them in a group


class Document(Struct):
    file_id: str
    file_unique_id: str
    file_name: str
    mime_type: str
    file_size: int


class Message(Struct):
    chat: int
    message_id: int
    sender: int  # the bot's id or a person's
    at: float
    text: str = ""  # the caption, where there is a document
    entities: list[Entity] = field(default_factory=list)
    markup: Json | None = None
    document: Document | None = None
    protect: bool = False
    reply_to: int | None = None
    edited_at: float | None = None


class Tap(Struct):
    """One press of an inline button, and what the bot answered."""

    id: int
    chat: int
    person: int
    message_id: int
    data: str
    at: float
    answered_at: float | None = None
    text: str = ""
    show_alert: bool = False
    url: str = ""


class Webhook(Struct):
    url: str
    secret: str = ""
    max_connections: int = 40
    last_error_at: float | None = None
    last_error: str = ""


class Store:
    """Every call is one small statement, committed at once: it never holds up the event loop for long."""

    def __init__(self, database: Path) -> None:
        database.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        self._db.close()

    # People

    def people(self) -> list[Person]:
        rows = self._db.execute("select body from people order by rowid")
        return [msgspec.json.decode(body, type=Person) for (body,) in rows]

    def person(self, person: int) -> Person | None:
        return self._one("select body from people where id = ?", (person,), Person)

    def save_person(self, person: Person) -> None:
        upsert = "insert into people values (?, ?) on conflict (id) do update set body = excluded.body"
        self._db.execute(upsert, (person.id, _json(person)))

    # Messages

    def new_message_id(self, chat: int) -> int:
        """A group counts for itself; all private chats of a bot share one count. No number comes twice."""
        return self._count(f"messages of {chat}" if chat < 0 else "messages", start=0)

    def messages(self, chat: int, after: int = 0) -> list[Message]:
        rows = self._db.execute(
            "select body from messages where chat = ? and message > ? order by message", (chat, after)
        )
        return [msgspec.json.decode(body, type=Message) for (body,) in rows]

    def message(self, chat: int, message: int) -> Message | None:
        return self._one("select body from messages where chat = ? and message = ?", (chat, message), Message)

    def last_message(self, chat: int) -> Message | None:
        return self._one(
            "select body from messages where chat = ? order by message desc limit 1", (chat,), Message
        )

    def save_message(self, message: Message) -> None:
        row = (message.chat, message.message_id, _json(message))
        self._db.execute("insert or replace into messages values (?, ?, ?)", row)

    def delete_message(self, chat: int, message: int) -> None:
        self._db.execute("delete from messages where chat = ? and message = ?", (chat, message))

    # Taps

    def taps(self, chat: int) -> list[Tap]:
        rows = self._db.execute("select body from taps where chat = ? order by rowid", (chat,))
        return [msgspec.json.decode(body, type=Tap) for (body,) in rows]

    def tap(self, tap: int) -> Tap | None:
        return self._one("select body from taps where id = ?", (tap,), Tap)

    def save_tap(self, tap: Tap) -> None:
        upsert = "insert into taps values (?, ?, ?) on conflict (id) do update set body = excluded.body"
        self._db.execute(upsert, (tap.id, tap.chat, _json(tap)))

    # Updates

    def add_update(self, body: Json) -> int:
        # Bot API, Update: numbers are sequential, and after a quiet week the next one is chosen randomly.
        number = self._count("updates", start=100_000_000 + secrets.randbelow(800_000_000))
        row = (number, time.time(), _json({"update_id": number, **body}))
        self._db.execute("insert into updates values (?, ?, ?)", row)
        return number

    def updates(self, since: int, limit: int) -> list[Json]:
        rows = self._db.execute("select body from updates where id >= ? order by id limit ?", (since, limit))
        return [msgspec.json.decode(body) for (body,) in rows]

    def last_updates(self, count: int) -> int:
        """The number of the update that is `count` from the end (or the first there is)."""
        rows = self._db.execute("select id from updates order by id desc limit ?", (count,)).fetchall()
        return int(rows[-1][0]) if rows else 0

    def forget_updates(self, before: int | None = None, older_than: float | None = None) -> None:
        """Drop those numbered below `before`, those put before the moment `older_than`, or all."""
        if before is not None:
            self._db.execute("delete from updates where id < ?", (before,))
        elif older_than is not None:
            self._db.execute("delete from updates where at < ?", (older_than,))
        else:
            self._db.execute("delete from updates")

    def forget_update(self, number: int) -> None:
        self._db.execute("delete from updates where id = ?", (number,))

    def pending_updates(self) -> int:
        return int(self._db.execute("select count(*) from updates").fetchone()[0])

    # Files and notes

    def new_file_number(self) -> int:
        return self._count("files", start=0)

    def save_file(self, file_id: str, content: bytes) -> None:
        self._db.execute("insert into files values (?, ?)", (file_id, content))

    def file(self, file_id: str) -> bytes | None:
        row = self._db.execute("select content from files where id = ?", (file_id,)).fetchone()
        return None if row is None else bytes(row[0])

    def document(self, file_id: str) -> Document | None:
        rows = self._db.execute(
            "select body -> '$.document' from messages where body ->> '$.document.file_id' = ?", (file_id,)
        )
        row = rows.fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=Document)

    def note(self, name: str, default: Any = None) -> Any:
        row = self._db.execute("select body from notes where name = ?", (name,)).fetchone()
        return default if row is None else msgspec.json.decode(row[0])

    def save_note(self, name: str, value: Any) -> None:
        self._db.execute("insert or replace into notes values (?, ?)", (name, _json(value)))

    def webhook(self) -> Webhook | None:
        found = self.note("webhook")
        return None if found is None else msgspec.convert(found, Webhook)

    def _count(self, name: str, start: int) -> int:
        number = int(self.note(name, start)) + 1
        self.save_note(name, number)
        return number

    def _one(self, query: str, values: tuple[int, ...], kind: type[Kind]) -> Kind | None:
        row = self._db.execute(query, values).fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=kind)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
