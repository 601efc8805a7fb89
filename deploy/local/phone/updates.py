"""Updates: given out again and again until the bot confirms them, by polling or by webhook."""

import asyncio
import time

import httpx
import msgspec

from .rules import OTHER_POLLER, WEBHOOK_ACTIVE, WEBHOOK_SET, Json, Limits, Refusal
from .store import Store, Webhook

# Bot API, getUpdates: these come only to a bot that names them.
ONLY_IF_NAMED = ("chat_member", "message_reaction", "message_reaction_count")


class Updates:
    def __init__(self, store: Store, limits: Limits) -> None:
        self._store = store
        self._limits = limits
        self._poller: asyncio.Future[None] | None = None
        self._news = asyncio.Event()  # for the webhook's courier

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
        self._news.set()

    def _end_poll(self, why: str) -> None:
        if self._poller and not self._poller.done():
            self._poller.set_exception(Refusal(409, why))

    async def deliver(self) -> None:
        """Bring updates to the webhook, one after the other, for as long as this runs."""
        async with httpx.AsyncClient(timeout=60, follow_redirects=False, trust_env=False) as http:
            wait = self._limits.webhook_retry_seconds
            while True:
                self._news.clear()
                webhook = self._store.webhook()
                waiting = self._store.updates(0, 1) if webhook else []
                if not webhook or not waiting:
                    wait = self._limits.webhook_retry_seconds
                    await self._news.wait()
                    continue
                failure = await _post(http, webhook, waiting[0])
                if not failure:
                    self._store.forget_updates(before=waiting[0]["update_id"] + 1)
                    wait = self._limits.webhook_retry_seconds
                    continue
                if self._store.webhook() == webhook:  # nobody has set another in the meantime
                    webhook.last_error, webhook.last_error_at = failure, time.time()
                    self._store.save_note("webhook", webhook)
                await asyncio.sleep(wait)
                wait = min(wait * 2, 60)


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
