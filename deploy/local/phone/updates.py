"""Updates: given out again and again until the bot confirms them, by polling or by webhook."""

import asyncio
import contextlib
import time

import httpx
import msgspec

from .rules import OTHER_POLLER, WEBHOOK_ACTIVE, WEBHOOK_SET, Json, Limits, Refusal
from .store import Store, Webhook

Queue = tuple[str, int]
"""A kind of update, and whose."""

# Bot API, getUpdates: these come only to a bot that names them.
ONLY_IF_NAMED = ("chat_member", "message_reaction", "message_reaction_count")


class Updates:
    def __init__(self, store: Store, limits: Limits) -> None:
        self._store = store
        self._limits = limits
        self._poller: asyncio.Future[None] | None = None
        self._news = asyncio.Event()  # for the webhook's couriers
        self._busy: set[Queue] = set()
        self._changed = asyncio.Event()  # another webhook is set: nobody waits for the one before
        self._room = _room(store.webhook())

    def put(self, kind: str, body: Json) -> None:
        """Queue one update, unless the bot has said that it doesn't want this kind."""
        wanted = self._store.note("allowed_updates", [])
        if kind not in wanted if wanted else kind in ONLY_IF_NAMED:
            return
        self._store.forget_updates(older_than=time.time() - self._limits.keep_hours * 3600)
        self._store.add_update({kind: body})
        self._news.set()
        if self._poller and not self._poller.done():
            self._poller.set_result(None)

    async def poll(self, offset: int, limit: int, timeout: float, allowed: list[str] | None) -> list[Json]:
        """Bot API, getUpdates. A call that is already waiting is ended by this one, with 409."""
        if self._store.webhook():
            raise Refusal(409, WEBHOOK_ACTIVE)
        self._end_poll(OTHER_POLLER)
        if allowed is not None:
            self._store.save_note("allowed_updates", allowed)
        if offset < 0:
            offset = self._store.last_updates(-offset)
        if offset > 0:
            self._store.forget_updates(before=offset)
        limit = limit if 1 <= limit <= 100 else 100
        found = self._store.updates(offset, limit)
        if found or timeout <= 0:
            return found

        mine = self._poller = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(min(timeout, 50)):
                await mine
        except TimeoutError:
            return []
        finally:
            if self._poller is mine:
                self._poller = None
        return self._store.updates(offset, limit)

    def set_webhook(self, webhook: Webhook | None) -> None:
        self._store.save_note("webhook", webhook)
        if webhook:
            self._end_poll(WEBHOOK_SET)
        self._room = _room(webhook)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        self._news.set()

    def _end_poll(self, why: str) -> None:
        if self._poller and not self._poller.done():
            self._poller.set_exception(Refusal(409, why))

    async def deliver(self) -> None:
        """Bring updates to the webhook for as long as this runs: in order within a queue, and queues side by side."""
        async with (
            httpx.AsyncClient(timeout=60, follow_redirects=False, trust_env=False) as http,
            asyncio.TaskGroup() as couriers,
        ):
            while True:
                self._news.clear()
                waiting = self._store.updates(0, 1000) if self._store.webhook() else []
                for queue in {_queue(update) for update in waiting} - self._busy:
                    self._busy.add(queue)
                    couriers.create_task(self._deliver(http, queue))
                await self._news.wait()

    async def _deliver(self, http: httpx.AsyncClient, queue: Queue) -> None:
        """The updates of one queue, one after the other, until there are no more."""
        wait = self._limits.webhook_retry_seconds
        while (webhook := self._store.webhook()) and (update := self._first(queue)):
            changed = self._changed
            async with self._room:
                failure = await _post(http, webhook, update)
            if not failure:
                self._store.forget_update(update["update_id"])
                wait = self._limits.webhook_retry_seconds
                continue
            now = self._store.webhook()
            if now and now.url == webhook.url:  # nobody has set another in the meantime
                now.last_error, now.last_error_at = failure, time.time()
                self._store.save_note("webhook", now)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await changed.wait()
            wait = min(wait * 2, 60)
        self._busy.discard(queue)
        self._news.set()  # one that was too far behind to be seen may have its turn

    def _first(self, queue: Queue) -> Json | None:
        return next((update for update in self._store.updates(0, 1000) if _queue(update) == queue), None)


def _queue(update: Json) -> Queue:
    """Telegram keeps the order of what one person does in one way, and no other (its Bot API server, WebhookActor)."""
    kind = next(name for name in update if name != "update_id")
    body = update[kind]
    return kind, int(body["from" if kind == "callback_query" else "chat"]["id"])


def _room(webhook: Webhook | None) -> asyncio.Semaphore:
    """How many updates may be on their way at once (Bot API, setWebhook: max_connections)."""
    return asyncio.Semaphore(webhook.max_connections if webhook else 1)


async def _post(http: httpx.AsyncClient, webhook: Webhook, update: Json) -> str:
    """What went wrong, in the words of getWebhookInfo; nothing if it arrived."""
    headers = {"Content-Type": "application/json"}
    if webhook.secret:
        headers["X-Telegram-Bot-Api-Secret-Token"] = webhook.secret
    try:
        answer = await http.post(webhook.url, content=msgspec.json.encode(update), headers=headers)
    except httpx.TimeoutException:
        return "Read timeout expired"
    except (httpx.HTTPError, httpx.InvalidURL):
        return "Connection refused"
    if answer.is_success:
        return ""
    return f"Wrong response from the webhook: {answer.status_code} {answer.reason_phrase}"
