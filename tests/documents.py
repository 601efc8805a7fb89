"""What the services say of themselves, read as a program would: AsyncAPI and OpenAPI."""

import re
from typing import Any

import jsonschema_rs
import msgspec

from local.stack import SERVICES, build
from shared.service import Service
from shared.settings import Settings
from tests.people import Json
from tests.running import SECRET

NOWHERE = Settings(postgres="postgresql://nobody@127.0.0.1:1/none", nats="nats://127.0.0.1:1", secret=SECRET)


def unstarted() -> dict[str, Service]:
    """All five, with nothing behind them: enough to ask what they say."""
    return {name: build(name, NOWHERE) for name in SERVICES}


class Spoken:
    """An AsyncAPI document, with the payload schemas ready to check against."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self._validators: dict[str, Any] = {}

    def sent(self, action: str = "send") -> dict[str, str]:
        """Message → the address of its channel, of what is sent (or received)."""
        found = {}
        for operation in self.document["operations"].values():
            if operation["action"] == action:
                (message,) = operation["messages"]
                name = message["$ref"].rpartition("/")[2]
                found[name] = self.document["channels"][name]["address"]
        return found

    def check(self, message: str, payload: Any) -> None:
        """Fails where the payload isn't as its schema says, or holds what no schema names."""
        if message not in self._validators:
            components = self.document["components"]
            schemas = {name: _closed(schema) for name, schema in components["schemas"].items()}
            schema = {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                **components["messages"][message]["payload"],
                "components": {"schemas": schemas},
            }
            self._validators[message] = jsonschema_rs.validator_for(schema, validate_formats=True)
        errors = [
            f"{list(error.instance_path)}: {error.message}"
            for error in self._validators[message].iter_errors(payload)
        ]
        assert not errors, f"{message}: {errors}"


class Described:
    """The OpenAPI documents of all services, with the schemas ready to check against."""

    def __init__(self, documents: list[Json]) -> None:
        self.calls = {
            f"{method.upper()} {path}": (operation, document)
            for document in documents
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
        }
        self.succeeded: set[str] = set()

    def call_of(self, method: str, path: str) -> str | None:
        """`GET /api/tasks/{number}` of `/api/tasks/1042`."""
        fits = [
            call
            for call in self.calls
            if call.startswith(f"{method} ") and matches(call[len(method) + 1 :], path, "/")
        ]
        return min(fits, key=lambda call: call.count("{"), default=None)

    def check(self, method: str, path: str, status: int, media_type: str, content: bytes) -> None:
        """Fails where an answer is not among those that are described, or not as it is described."""
        call = self.call_of(method, path)
        assert call, f"{method} {path} is not described"
        operation, document = self.calls[call]
        answer = operation["responses"].get(str(status))
        assert answer, f"{call} answered {status}, which is not described"
        if status < 400:
            self.succeeded.add(call)
        if not content:
            return
        kind = media_type.partition(";")[0]
        assert kind in answer["content"], f"{call} answered {media_type}, which is not described"
        if kind.endswith("json"):
            components = document["components"]["schemas"]
            schema = {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                **answer["content"][kind]["schema"],
                "components": {"schemas": {name: _closed(each) for name, each in components.items()}},
            }
            validator = jsonschema_rs.validator_for(schema, validate_formats=True)
            errors = [
                f"{list(error.instance_path)}: {error.message}"
                for error in validator.iter_errors(msgspec.json.decode(content))
            ]
            assert not errors, f"{call}: {errors}"


def matches(address: str, subject: str, between: str = ".") -> bool:
    """Whether a subject is one of a channel's, or a path one of a call's: `{key}` stands for one part."""
    pattern = "".join(
        f"[^{between}]+" if part.startswith("{") else re.escape(part)
        for part in re.split(r"(\{\w+\})", address)
    )
    return re.fullmatch(pattern, subject) is not None


def _closed(schema: Json) -> Json:
    """Says no to fields that it doesn't name, so that nothing travels undescribed."""
    return {**schema, "additionalProperties": False} if "properties" in schema else schema
