"""The document of what a service says and hears (AsyncAPI 3.0), made from the types that go over the wire.

One document a service, from its own side: what it `send`s and what it `receive`s. msgspec describes the payloads,
since it is what writes and reads them.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, Literal, get_args

import msgspec
from litestar import get
from msgspec import Struct

from shared.bus import LANGUAGE_HEADER, OUTCOME_HEADER, STREAM
from shared.contract import OWNER, QUESTIONS, AnyEvent
from shared.contract.event import Envelope, Event, aggregate_of, verb
from shared.schemas import REFERENCE, described
from shared.tracing import HEADER
from shared.web import USED, Response

MEDIA_TYPE = "application/vnd.aai.asyncapi+json;version=3.0.0"

SERVERS = {
    "bus": {
        "host": "{host}",
        "protocol": "nats",
        "description": "NATS with JetStream. Each service is a user of its own, who may do what this document says.",
        "variables": {"host": {"default": "nats:4222"}},
    },
    "web": {
        "host": "{host}",
        "protocol": "wss",
        "description": "Callout's own address; `ws` where it has no TLS.",
        "variables": {"host": {"default": "localhost"}},
        "security": [{"$ref": "#/components/securitySchemes/token"}],
    },
}

TRACE = {"type": "string", "description": "W3C Trace Context, where traces are kept"}
OF_EVENT = {
    "Nats-Msg-Id": {
        "type": "string",
        "format": "uuid",
        "description": "The event's id; absent where a redacted stream is published again",
    },
    HEADER: TRACE,
}
OF_QUESTION = {
    LANGUAGE_HEADER: {"type": "string", "description": "In which whoever waits for the answer reads it"},
    HEADER: TRACE,
}
OF_ANSWER = {
    OUTCOME_HEADER: {
        "enum": ["away", "broke"],
        "description": "There is no answer, and no body: ask again later, or asking again may not help",
    }
}


class Word(Struct, frozen=True):
    """What is neither an event nor a question.

    payload  a type whose JSON is sent, or a JSON schema of another body
    """

    address: str
    name: str
    action: Literal["send", "receive"]
    summary: str
    payload: Any
    server: Literal["bus", "web"] = "bus"
    content_type: str = "application/json"


IN_USE = Word(
    USED,
    "SessionUsed",
    "send",
    "A session or API token is in use: idle sessions end, and a token shows its last use.",
    {
        "type": "string",
        "pattern": "^[0-9a-f]{64}( [a-z-]{1,40})?$",
        "description": "SHA-256 of its secret, in hex; of an API token with the service that was asked, behind a space",
    },
    content_type="text/plain",
)


def events_of(aggregate: str) -> list[type[Event]]:
    """The events that a stream of this aggregate may hold."""
    return [event for event in get_args(AnyEvent) if aggregate_of(event) == aggregate]


def named(subject: str) -> tuple[str, str]:
    """What a question and its answer are called; one that several services are asked, by what it is about."""
    asked, answered = QUESTIONS[subject]
    several = [kinds for kinds in QUESTIONS.values() if kinds == (asked, answered)][1:]
    about = f"Of{subject.split('.')[1].title()}" if several else ""
    return f"{asked.__name__}{about}", f"{answered.__name__}{about}"


def route(service: str, spoken: Callable[[], dict[str, Any]]) -> list[Any]:
    written = cache(lambda: msgspec.json.encode(spoken()))

    @get(f"/api/{service}/asyncapi.json", include_in_schema=False, sync_to_thread=False)
    def asyncapi() -> Response[bytes]:
        return Response(written(), media_type=MEDIA_TYPE)

    return [asyncapi]


def document(
    service: str,
    *,
    folds: Iterable[str],
    asks: Sequence[str],
    answers: Sequence[str],
    words: Sequence[Word],
) -> dict[str, Any]:
    """
    folds    the aggregates whose events it takes in
    asks     the subjects of the questions that it puts to others; answers: likewise
    """
    made = _Document()
    for aggregate, owner in OWNER.items():
        for event in events_of(aggregate):
            if owner in (service, None):
                made.event(event, aggregate, "send")
            if aggregate in folds:
                made.event(event, aggregate, "receive")
    for subject in asks:
        made.question(subject, "send", service)
    for subject in answers:
        made.question(subject, "receive", service)
    for word in (IN_USE, *words):
        made.word(word)
    used = {channel["servers"][0]["$ref"].rpartition("/")[2] for channel in made.channels.values()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"Callout: {service}",
            "version": "1",
            "description": "What this service says and hears. Whoever takes an event in must expect it twice, and in "
            "order within its stream alone.",
        },
        "defaultContentType": "application/json",
        "servers": {name: server for name, server in SERVERS.items() if name in used},
        "channels": made.channels,
        "operations": made.operations,
        "components": made.components(),
    }


class _Document:
    def __init__(self) -> None:
        self.channels: dict[str, Any] = {}
        self.operations: dict[str, Any] = {}
        self._messages: dict[str, Any] = {}
        self._types: dict[str, Any] = {}
        self._events: dict[str, tuple[type[Event], str]] = {}

    def event(self, event: type[Event], aggregate: str, action: str) -> None:
        name = event.__name__
        self._events[name] = (event, aggregate)
        channel = {
            "address": f"events.{aggregate}.{{key}}.{verb(name, aggregate)}",
            "parameters": {"key": {"description": f"Which {aggregate} it is about"}},
            "description": f"In the JetStream stream `{STREAM}`",
        }
        payload = _reference(f"{name}Recorded")
        self._say(name, action, payload, channel, headers=OF_EVENT, summary=_summary(event))

    def question(self, subject: str, action: str, service: str) -> None:
        asked, answered = QUESTIONS[subject]
        for kind in (asked, answered):
            self._types[kind.__name__] = kind
        name, reply = named(subject)
        channel = {"address": subject}
        payload = _reference(asked.__name__)
        self._say(name, action, payload, channel, headers=OF_QUESTION, summary=_summary(asked))
        inbox = {"address": None, "description": "The asker's own inbox"}
        payload = _reference(answered.__name__)
        self._channel(reply, inbox, payload, headers=OF_ANSWER, summary=_summary(answered))
        operation = self.operations[f"{action}{name}"]
        operation["reply"] = {
            "address": {"location": "$message.header#/reply"},
            "channel": {"$ref": f"#/channels/{reply}"},
            "messages": [{"$ref": f"#/channels/{reply}/messages/{reply}"}],
        }
        if action == "receive":
            operation["bindings"] = {"nats": {"queue": service}}

    def word(self, word: Word) -> None:
        payload = word.payload
        if not isinstance(payload, dict):
            self._types[payload.__name__] = payload
            payload = _reference(payload.__name__)
        channel = {"address": word.address, "servers": [{"$ref": f"#/servers/{word.server}"}]}
        self._say(word.name, word.action, payload, channel, summary=word.summary, content=word.content_type)

    def components(self) -> dict[str, Any]:
        events = [event for event, _ in self._events.values()]
        _, schemas = described([Envelope[Any], *events, *self._types.values()])
        envelope = schemas.pop("Envelope_Any_")
        for name, (event, aggregate) in self._events.items():
            schemas[f"{name}Recorded"] = _recorded(envelope, event, aggregate)
        return {
            "schemas": dict(sorted(schemas.items())),
            "messages": self._messages,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        }

    def _say(
        self,
        name: str,
        action: str,
        payload: dict[str, Any],
        channel: dict[str, Any],
        **message: Any,
    ) -> None:
        self._channel(name, channel, payload, **message)
        self.operations[f"{action}{name}"] = {
            "action": action,
            "channel": {"$ref": f"#/channels/{name}"},
            "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
        }

    def _channel(
        self,
        name: str,
        channel: dict[str, Any],
        payload: dict[str, Any],
        *,
        summary: str,
        content: str = "application/json",
        headers: dict[str, Any] | None = None,
    ) -> None:
        said = {"name": name, "summary": summary, "contentType": content, "payload": payload}
        shown = {"headers": {"type": "object", "properties": headers}} if headers else {}
        self._messages[name] = {**said, **shown}
        self.channels[name] = {
            "servers": [{"$ref": "#/servers/bus"}],
            **channel,
            "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        }


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": REFERENCE.format(name=name)}


def _recorded(envelope: dict[str, Any], event: type[Event], aggregate: str) -> dict[str, Any]:
    """The envelope as this event is in it."""
    name = event.__name__
    properties = {
        **envelope["properties"],
        "stream": {"type": "string", "pattern": rf"^{aggregate}\.[^.\s]+$"},
        "version": {"type": "integer", "minimum": 1},
        "type": {"const": name},
        "schema": {"const": event.schema},
        "data": _reference(name),
    }
    return {**envelope, "title": name, "properties": properties}


def _summary(kind: type[Struct]) -> str:
    """What its docstring begins with, or else its name in words."""
    said = (kind.__dict__.get("__doc__") or "").strip().partition("\n")[0]
    return said or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).capitalize()
