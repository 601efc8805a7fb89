"""The bus: NATS with JetStream, reached through one FastStream broker a service.

PostgreSQL is the truth and JetStream only distributes, so everything here can be lost
and made again. The stream and its consumers are made in this module and nowhere else.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import structlog
from faststream.message import StreamMessage
from faststream.nats import NatsBroker, NatsResponse, NatsRouter
from faststream.nats.annotations import NatsMessage
from faststream.nats.subscriber.usecases.basic import LogicSubscriber
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, PubAck, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from shared import tracing
from shared.journal.database import DATABASE_AWAY
from shared.journal.envelopes import BROUGHT
from shared.language import ENGLISH, _, speaking, spoken
from shared.refusal import Refused, Why
from shared.tracing import SpanKind, Trace

log = structlog.get_logger()

STREAM = "EVENTS"
ACK_WAIT = 30.0  # seconds that a fold may take over a batch
PUBLISH_TIMEOUT = 5.0
ASKED_AGAIN = (0.05, 0.1, 0.2)  # seconds until a question that nobody heard is asked again

BUS_TROUBLE = (NatsError, asyncio.TimeoutError)
"""What NATS raises while it is away or has lost its store; it passes, and nothing is lost by it."""

_STREAM = StreamConfig(
    name=STREAM,
    subjects=["events.>"],
    storage=StorageType.FILE,
    duplicate_window=120.0,
    allow_direct=True,
)

OUTCOME_HEADER = "Callout-Outcome"
"""The header of a reply that holds no answer. `away`: ask again later; `broke`: asking again may not help."""

LANGUAGE_HEADER = "Callout-Language"
"""The header of a question: the language in which the one who waits for the answer reads."""

A = TypeVar("A")
R = TypeVar("R")


class AnswerBroke(Exception):
    """The other service met a fault of its own, or could not read the question: its log holds the trace."""


async def settled(client: Client) -> None:
    """Returns once the server knows of every subscription made, or ended, so far.

    nats-py writes the PING of a `flush` at once, before what still waits in its own buffer. By the first answer that
    buffer is written; the second answer comes after the server has read it.
    """
    await client.flush()
    await client.flush()


class Bus:
    """One service's connection to NATS."""

    def __init__(self, service: str, url: str, replicas: int = 1) -> None:
        """url  of each server, with commas between them; `replicas` of them keep what is published"""
        self.replicas = replicas
        self.broker = NatsBroker(
            url.split(","),
            name=service,
            max_reconnect_attempts=-1,  # with a limit, the pull loop freezes the event loop once it is reached
            reconnect_time_wait=1,
            connect_timeout=5,
            inbox_prefix=f"_INBOX_{service.replace('-', '_')}",
            error_cb=_log_error,
            logger=logging.getLogger("callout.bus"),  # without one, a handler's failure is silent
            log_level=logging.DEBUG,
        )
        self._client: Client | None = None
        self._js: JetStreamContext | None = None

    async def start(self) -> None:
        self._client = await self.broker.connect()
        self._js = self._client.jetstream(timeout=PUBLISH_TIMEOUT)

    async def serve(self) -> None:
        """Begins to answer requests; the subscribers must be included by now."""
        await self.broker.start()
        await settled(self.client)

    async def stop(self) -> None:
        await self.broker.stop()

    @property
    def client(self) -> Client:
        if self._client is None:
            raise RuntimeError("the bus is not started")
        return self._client

    @property
    def js(self) -> JetStreamContext:
        if self._js is None:
            raise RuntimeError("the bus is not started")
        return self._js

    @property
    def connected(self) -> bool:
        return self._client is not None and self._client.is_connected

    def answered(self) -> list[str]:
        """The subjects of the questions that are answered here."""
        heard = self.broker.subscribers
        return [each.subject.template for each in heard if isinstance(each, LogicSubscriber)]

    async def provision(self) -> datetime:
        """Makes the stream where it is missing; answers when it was made."""
        try:
            info = await self.js.stream_info(STREAM)
        except NotFoundError:
            info = await self.js.add_stream(_STREAM, num_replicas=self.replicas)
        if info.created is None:
            raise RuntimeError("NATS does not say when the stream was made")
        return info.created

    async def consumer(self, service: str, subjects: Sequence[str]) -> JetStreamContext.PullSubscription:
        """The service's durable place in the stream, ready to pull from, for its one reader."""
        await self.provision()
        await self.ensure_consumer(service, subjects)
        await self._take_over(service, subjects)
        return await self.js.pull_subscribe_bind(service, STREAM)

    async def _take_over(self, service: str, subjects: Sequence[str]) -> None:
        """What a reader that died had in its hands would only be given again after ACK_WAIT; this has it given now."""
        info = await self.js.consumer_info(STREAM, service)
        if info.num_ack_pending and info.ack_floor:
            await self.js.delete_consumer(STREAM, service)
            await self._make_consumer(service, subjects, info.ack_floor.stream_seq + 1)

    async def ensure_consumer(self, service: str, subjects: Sequence[str]) -> None:
        """Makes the durable consumer where it is missing or was made otherwise; it begins at the stream's start."""
        try:
            config = (await self.js.consumer_info(STREAM, service)).config
            if sorted(config.filter_subjects or [config.filter_subject or ""]) == sorted(subjects):
                return
            # Changed in place it would go on from where it is, past all that is new to it.
            await self.js.delete_consumer(STREAM, service)
        except NotFoundError:
            log.info("consumer made", service=service)
        await self.provision()
        await self._make_consumer(service, subjects)

    async def _make_consumer(self, service: str, subjects: Sequence[str], start: int | None = None) -> None:
        """start  the sequence to begin at; None: the stream's first"""
        await self.js.add_consumer(
            STREAM,
            ConsumerConfig(
                durable_name=service,
                filter_subjects=list(subjects),
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE if start else DeliverPolicy.ALL,
                opt_start_seq=start,
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=ACK_WAIT,
                max_deliver=-1,
                max_ack_pending=5000,
            ),
        )

    async def forget(self, stream: str) -> None:
        """Takes all events of one `<aggregate>.<key>` off the bus; its message ids stay known for a while."""
        await self.js.purge_stream(STREAM, subject=f"events.{stream}.>")

    async def publish_events(
        self,
        events: Sequence[Any],
        *,
        traces: Mapping[UUID, Trace] = MappingProxyType({}),
        anew: bool = False,
    ) -> None:
        """Publishes envelopes in their order and returns when JetStream has each.

        A failure or a timeout leaves open which of them arrived; the same ids may be published again.

        traces  from which each event goes on, by its id
        anew    without ids: JetStream would take what it has forgotten for what it has
        """
        waiting: list[asyncio.Future[PubAck]] = []
        try:
            async with asyncio.timeout(PUBLISH_TIMEOUT):  # on Python 3.11 `wait_for` may lose a cancel
                for event in events:
                    headers = {} if anew else {"Nats-Msg-Id": str(event.id)}
                    if trace := traces.get(event.id):
                        headers[tracing.HEADER] = trace.header
                    waiting.append(
                        await self.js.publish_async(
                            event.subject,
                            msgspec.json.encode(event),
                            stream=STREAM,
                            headers=headers or None,
                        )
                    )
                await asyncio.gather(*waiting)
        finally:
            # nats-py lets 4,000 publishes be under way, and counts one until its future has ended.
            for answer in waiting:
                answer.cancel()

    async def request(self, subject: str, question: Any, answer: type[A], timeout: float = 3.0) -> A:
        """Asks another service; raises `Refused` where it does not answer in time, `AnswerBroke` where it can't."""
        try:
            with tracing.span(f"ask {subject}", SpanKind.CLIENT):
                reply = await self._ask(subject, msgspec.json.encode(question), timeout)
        except (*BUS_TROUBLE, OSError) as error:
            raise _no_answer() from error
        match (reply.headers or {}).get(OUTCOME_HEADER):
            case "away":
                raise _no_answer()
            case "broke":
                raise AnswerBroke(f"A part of Callout broke while it answered {subject}.")
        return msgspec.json.decode(reply.data, type=answer)

    async def _ask(self, subject: str, body: bytes, timeout: float) -> Msg:
        """A question that reached nobody had no effect: it is asked again, as whoever answers may just be starting."""
        for pause in ASKED_AGAIN:
            try:
                return await self._once(subject, body, timeout)
            except NoRespondersError:
                await asyncio.sleep(pause)
        return await self._once(subject, body, timeout)

    async def _once(self, subject: str, body: bytes, timeout: float) -> Msg:
        headers = {LANGUAGE_HEADER: spoken(), **tracing.headers()}
        return await self.client.request(subject, body, timeout=timeout, headers=headers)

    async def publish(self, subject: str, body: bytes = b"") -> None:
        """Tells whoever listens now; nothing is kept."""
        await self.client.publish(subject, body)

    async def listen(self, subject: str, heard: Callable[[bytes], Awaitable[None]]) -> None:
        async def on_message(message: Msg) -> None:
            await heard(message.data)

        await self.client.subscribe(subject, cb=on_message)


def answers(
    router: NatsRouter, subject: str, question: type[R], answer: Callable[[R], Awaitable[Any]], *, queue: str
) -> None:
    """Registers `answer` for requests on `subject`: one replica of `queue` answers each, with a Struct as JSON.

    The body is decoded strictly. Where there is no answer, the asker is told at once whether it is worth asking again.
    """
    decoder = msgspec.json.Decoder(question)

    @router.subscriber(subject, queue=queue, decoder=_as_it_came)
    async def respond(body: bytes, message: NatsMessage) -> bytes | NatsResponse:
        kept = message.headers.get(BROUGHT, message.raw_message.subject)
        if kept != subject:
            # JetStream brings what it keeps to whatever subject its reader asks it to, and says where it keeps it.
            log.error("an event was brought as a question", subject=subject, kept=kept)
            return NatsResponse(b"", headers={OUTCOME_HEADER: "broke"})
        asked = tracing.read(message.headers.get(tracing.HEADER))
        with tracing.inside(asked):
            return await respond_to(body, message.headers.get(LANGUAGE_HEADER, ENGLISH))

    async def respond_to(body: bytes, language: str) -> bytes | NatsResponse:
        try:
            with speaking(language), tracing.span(f"answer {subject}", SpanKind.SERVER):
                return msgspec.json.encode(await answer(decoder.decode(body)))
        except (*DATABASE_AWAY, *BUS_TROUBLE) as error:
            log.warning("question not answered", subject=subject, reason=f"{type(error).__name__}: {error}")
            return NatsResponse(b"", headers={OUTCOME_HEADER: "away"})
        except Exception as error:
            if isinstance(error, Refused) and error.why is Why.UNAVAILABLE:
                return NatsResponse(b"", headers={OUTCOME_HEADER: "away"})
            log.exception("answer broke", subject=subject)
            return NatsResponse(b"", headers={OUTCOME_HEADER: "broke"})


def _no_answer() -> Refused:
    return Refused(
        _("A part of Callout does not answer just now. Please try again in a moment."), Why.UNAVAILABLE
    )


async def _as_it_came(message: StreamMessage[Msg]) -> bytes:
    """FastStream would read JSON loosely, and drop what does not fit the annotation."""
    return message.body


async def _log_error(error: Exception) -> None:
    log.warning("bus", error=str(error) or type(error).__name__)
