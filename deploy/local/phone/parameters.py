"""What a call of the Bot API brings along, and how its common parts are read."""

import json
from typing import Any

import msgspec
from litestar import Request
from litestar.datastructures import UploadFile
from litestar.exceptions import HTTPException
from msgspec import Struct

from . import rules
from .entities import Entity, found_in, parse_html
from .rules import Json, bad_request


class Upload(Struct):
    file_name: str
    mime_type: str
    content: bytes


class Parameters:
    """What a call brought along: JSON, form and multipart alike (Bot API, "Making requests")."""

    def __init__(self, values: Json, files: dict[str, Upload]) -> None:
        self._values = values
        self._files = files

    def raw(self, name: str) -> Any:
        return self._values.get(name)

    def text(self, name: str) -> str:
        value = self.raw(name)
        return "" if value is None else str(value)

    def integer(self, name: str, default: int = 0) -> int:
        value = self.text(name)
        if not value:
            return default
        try:
            return int(value)
        except ValueError:
            raise bad_request(f"invalid {name} specified") from None

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in ("true", "1", "yes")

    def object(self, name: str) -> Any:
        value = self.raw(name)
        try:
            return json.loads(value) if isinstance(value, str) and value else value
        except ValueError:
            raise bad_request(f"can't parse {name}: JSON expected") from None

    def within(self, name: str) -> "Parameters":
        """The fields of an InputMedia, which names the files of the same call."""
        value = self.raw(name)
        try:
            found = json.loads(value) if isinstance(value, str) else value
        except ValueError:
            raise bad_request("can't parse input media JSON object") from None
        if not isinstance(found, dict):
            raise rules.unreadable("expected an Object")
        return Parameters(found, self._files)

    def upload(self, name: str) -> Upload | None:
        return self._files.get(self.text(name).removeprefix("attach://")) or self._files.get(name)


async def read(request: Request[Any, Any, Any]) -> Parameters:
    """Query, JSON, form and multipart alike (Bot API, "Making requests")."""
    values: Json = dict(request.query_params)
    files: dict[str, Upload] = {}
    if request.content_type[0] == "application/json":
        try:
            body = await request.json()
        except HTTPException:
            raise bad_request("can't parse request JSON object") from None
        if not isinstance(body, dict):
            raise bad_request("object expected as request body")
        values |= body
    else:
        for name, value in (await request.form()).items():
            if isinstance(value, UploadFile):
                files[name] = Upload(value.filename, value.content_type, await value.read())
            else:
                values[name] = value
    return Parameters(values, files)


def words(given: Parameters, name: str, marks: str) -> tuple[str, list[Entity]]:
    """A text or caption with its entities, trimmed as Telegram trims it and within its limit."""
    mode = given.text("parse_mode").lower()
    if mode == "html":
        text, entities = parse_html(rules.tidy(given.text(name)))
    elif mode:
        raise bad_request("unsupported parse_mode")
    else:
        text = rules.tidy(given.text(name))
        try:
            entities = msgspec.convert(given.object(marks) or [], list[Entity])
        except msgspec.ValidationError:
            raise bad_request("can't parse entities: MessageEntity expected") from None
    kept = text.strip()
    lead = rules.utf16_length(text[: len(text) - len(text.lstrip())])
    total = rules.utf16_length(kept)
    moved = []
    for one in entities:
        begin, end = max(0, one.offset - lead), min(total, one.end - lead)
        if end > begin:
            moved.append(msgspec.structs.replace(one, offset=begin, length=end - begin))
    rules.check_length(kept, caption=name == "caption")
    return kept, found_in(kept, moved)


def allowed(given: Parameters) -> list[str] | None:
    """Bot API: "if not specified, the previous setting will be used"; an empty list goes back to all."""
    listed = given.object("allowed_updates")
    if listed is None or listed == "":
        return None
    if not isinstance(listed, list):
        raise bad_request("can't parse allowed_updates: Array expected")
    return [str(one) for one in listed]


def commands_key(given: Parameters) -> str:
    scope = given.object("scope") or {"type": "default"}
    return f"{scope.get('type')}:{given.text('language_code')}"
