"""From the bytes of a message to the event that it holds, decided without I/O.

An envelope says by itself of which stream it is, and whoever may write to any subject can write that. So it is believed
only where it says what its subject says, to which NATS lets nobody but the aggregate's owner publish.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw

from shared.contract import Recorded
from shared.contract.event import Envelope, aggregate_of

MESSAGE_ID = "Nats-Msg-Id"
BROUGHT = "Nats-Subject"
"""The header of what JetStream answers: whoever asks it names where the answer goes, be it an event's subject."""
LONGEST_STREAM = 200
MOST_VERSION = 2**31 - 1  # what the tables hold

_RECORDED = msgspec.json.Decoder(Recorded)
_SEALED = msgspec.json.Decoder(Envelope[Raw])

_NOT_DECODED = (msgspec.MsgspecError, ValueError, RecursionError)


class Unreadable(Exception):
    """`str()` begins with its kind, up to a colon; what comes after it may quote what is private.

    sealed  the envelope, where it may be believed though what is in it can't be read
    """

    def __init__(self, error: str, sealed: Envelope[Raw] | None = None) -> None:
        super().__init__(error)
        self.sealed = sealed


def read(body: bytes, subject: str, headers: Mapping[str, str]) -> Recorded:
    """The event of a message, or `Unreadable`."""
    try:
        event = _RECORDED.decode(body)
    except _NOT_DECODED as error:
        raise Unreadable(str(error), _opened(body, subject, headers)) from None
    if why := _disbelieved(event, subject, headers):
        raise Unreadable(why)
    if why := _misread(event):
        raise Unreadable(why, _SEALED.decode(body))
    return event


def read_again(body: bytes, stream: str, version: int) -> Recorded:
    """The event that was kept as that version of that stream, by whatever version of this service; or `Unreadable`."""
    try:
        event = _RECORDED.decode(body)
    except _NOT_DECODED as error:
        raise Unreadable(str(error)) from None
    if (event.stream, event.version) != (stream, version):
        raise Unreadable(f"it was kept elsewhere: {event.stream} v{event.version}")
    if why := _misread(event):
        raise Unreadable(why)
    return event


def _opened(body: bytes, subject: str, headers: Mapping[str, str]) -> Envelope[Raw] | None:
    try:
        sealed = _SEALED.decode(body)
    except _NOT_DECODED:
        return None
    return None if _disbelieved(sealed, subject, headers) else sealed


def _disbelieved(envelope: Envelope[Any], subject: str, headers: Mapping[str, str]) -> str:
    """Why the message is not what its subject says; empty where it is."""
    if BROUGHT in headers:
        return f"JetStream brought it from elsewhere: {headers[BROUGHT]}"
    if not _plain(envelope):
        return f"no event is like this: {envelope.stream} v{envelope.version} {envelope.type}"
    if envelope.subject != subject:
        return f"its subject says otherwise: {envelope.subject}"
    if headers.get(MESSAGE_ID, str(envelope.id)).lower() != str(envelope.id):
        return f"its message has another id: {headers[MESSAGE_ID]}"
    return ""


def _plain(envelope: Envelope[Any]) -> bool:
    """Whether tables can keep it."""
    return (
        len(envelope.stream) <= LONGEST_STREAM
        and envelope.stream.isprintable()
        and 1 <= envelope.version <= MOST_VERSION
        and envelope.type.isidentifier()
        and len(envelope.type) <= LONGEST_STREAM
    )


def _misread(event: Recorded) -> str:
    """Why the data is not what the envelope says, or not known here; empty where it is."""
    kind = type(event.data)
    if kind.__name__ != event.type or aggregate_of(kind) != event.aggregate:
        return f"its data says otherwise: {kind.__name__}"
    if event.schema > kind.schema:
        return f"its schema is not known here: {event.schema}"
    return ""
