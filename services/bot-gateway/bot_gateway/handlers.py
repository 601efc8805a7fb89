"""What admins can ask of this service, once for its pages and its JSON."""

import re
from collections.abc import Iterable
from uuid import UUID, uuid5

import asyncpg
import structlog
from aiogram.methods import GetMe
from cryptography.fernet import Fernet, InvalidToken

from bot_gateway import views
from bot_gateway.domain import (
    BOT,
    BOTS,
    TECHNICIANS,
    ConnectBot,
    DeactivateTechnician,
    DeleteTechnician,
    DisconnectBot,
    EditTechnician,
    ReactivateTechnician,
    RefuseBot,
    ReviewTechnician,
    TechnicianCommand,
)
from bot_gateway.telegram.answers import UnreadableAnswer, ask
from bot_gateway.telegram.connection import Connection, Line, speak_as
from bot_gateway.telegram.received import User
from bot_gateway.telegram.troubles import Kind, masked_token, sort
from shared.contract.bot import bot_link
from shared.contract.event import by_service
from shared.journal import Journal, Outcome
from shared.language import _
from shared.refusal import Refused, Why
from shared.sentences import stored
from shared.settings import TELEGRAM

log = structlog.get_logger()

TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{10,100}", re.ASCII)
NAME_LENGTH = 128
NOTE_LENGTH = 2000
CONFIRM_WITHIN = 900  # seconds in which another bot can be confirmed


class Handlers:
    def __init__(
        self,
        journal: Journal,
        pool: asyncpg.Pool,
        connection: Connection,
        cipher: Fernet,
        telegram_api: str,
    ) -> None:
        self.pool = pool
        self._journal = journal
        self._connection = connection
        self._cipher = cipher
        self._telegram_api = telegram_api

    # The bot

    async def check(self, token: str) -> views.BotInfo:
        """Asks Telegram whose token this is; refuses it with Telegram's own reason."""
        token = token.strip()
        if not TOKEN.fullmatch(token):
            sentence = _("A bot token looks like 123456789:AAE… Please copy it from @BotFather as it is.")
            raise Refused(sentence, Why.INVALID, {"token": sentence})
        bot = speak_as(token, self._telegram_api, timeout=15)
        try:
            me = await ask(bot, GetMe(), User)
        except Exception as error:
            raise _no_bot(error) from None  # what stands behind it may hold the token
        finally:
            await bot.session.close()
        username = me.username or ""
        return views.BotInfo(me.id, username, me.full_name or username, bot_link(username))

    async def is_another(self, bot: views.BotInfo) -> bool:
        """With another bot every technician must press Start again; without technicians nobody minds."""
        last = await views.last_bot(self.pool)
        return last not in (None, bot.id) and await views.technician_count(self.pool) > 0

    async def connect(
        self, token: str, *, actor: str, command_id: UUID, replace: bool = False
    ) -> views.BotInfo:
        """Checked, stored encrypted, and in use at once.

        replace  also where it is another bot than before, though technicians are registered
        """
        token = token.strip()
        bot = await self.check(token)
        if not replace and await self.is_another(bot):
            raise Refused(
                _(
                    "This token is of another bot, @%(bot)s. Every technician must press Start in it before anything "
                    "reaches them. Say that it is to replace the one before, if that is meant.",
                    bot=bot.username,
                )
            )
        sealed, masked = self._cipher.encrypt(token.encode()), masked_token(token)

        async def keep(connection: asyncpg.Connection, _outcome: Outcome) -> None:
            await connection.execute(
                """
                INSERT INTO bot_token (sealed, masked) VALUES ($1, $2)
                ON CONFLICT (only_row) DO UPDATE SET sealed = $1, masked = $2
                """,
                sealed,
                masked,
            )

        await self._journal.handle(
            BOTS,
            BOT,
            ConnectBot(bot.id, bot.username, bot.name),
            actor=actor,
            command_id=command_id,
            within=keep,
        )
        await self._connection.refresh()
        return bot

    async def disconnect(self, *, actor: str, command_id: UUID) -> None:
        async def forget(connection: asyncpg.Connection, _outcome: Outcome) -> None:
            await connection.execute("DELETE FROM bot_token")

        await self._journal.handle(
            BOTS, BOT, DisconnectBot(), actor=actor, command_id=command_id, within=forget
        )
        await self._connection.refresh()

    async def refuse(self, line: Line, reason: str) -> None:
        """Telegram no longer takes the token of `line`; of one that was replaced meanwhile nobody minds."""
        try:
            await self._journal.handle(
                BOTS, BOT, RefuseBot(reason), actor=by_service("bot-gateway"), expected=line.version
            )
        except Refused as refused:
            log.info("bot refused, but replaced meanwhile", sentence=refused.sentence)
        await self._connection.refresh()

    def seal(self, token: str) -> str:
        """For the hidden field of a form that asks "are you sure?": unreadable in the page's source."""
        return self._cipher.encrypt(token.strip().encode()).decode()

    def unseal(self, sealed: str) -> str:
        try:
            return self._cipher.decrypt(sealed.encode(), ttl=CONFIRM_WITHIN).decode()
        except InvalidToken:
            raise Refused(_("This took too long. Please enter the token again."), Why.INVALID) from None

    # Technicians

    async def edit(
        self,
        technician: int,
        name: str,
        note: str,
        *,
        actor: str,
        command_id: UUID,
        expected: int | None = None,
    ) -> None:
        name, note = name.strip(), note.strip()
        fields = {}
        if len(name) > NAME_LENGTH or "\n" in name:
            fields["name"] = _("A name is one line of at most %(most)s characters.", most=NAME_LENGTH)
        if len(note) > NOTE_LENGTH:
            fields["note"] = _("A note has at most %(most)s characters.", most=NOTE_LENGTH)
        if fields:
            raise Refused(" ".join(fields.values()), Why.INVALID, fields)
        await self._journal.handle(
            TECHNICIANS,
            technician,
            EditTechnician(name, note),
            actor=actor,
            command_id=command_id,
            expected=expected,
        )

    @property
    def elsewhere(self) -> str:
        """Where the Bot API is asked, if that is not Telegram; else empty."""
        return "" if self._telegram_api == TELEGRAM else self._telegram_api

    async def review(self, technician: int, *, actor: str, command_id: UUID) -> None:
        await self._ask(technician, ReviewTechnician(), actor, command_id)

    async def review_all(self, technicians: Iterable[int], *, actor: str, command_id: UUID) -> None:
        """Who was deleted meanwhile needs no review any more."""
        for technician in technicians:
            try:
                await self.review(technician, actor=actor, command_id=uuid5(command_id, str(technician)))
            except Refused as refused:
                if refused.why is not Why.MISSING:
                    raise

    async def deactivate(self, technician: int, *, actor: str, command_id: UUID) -> None:
        await self._ask(technician, DeactivateTechnician(), actor, command_id)

    async def reactivate(self, technician: int, *, actor: str, command_id: UUID) -> None:
        await self._ask(technician, ReactivateTechnician(), actor, command_id)

    async def delete(self, technician: int, *, actor: str, command_id: UUID) -> None:
        await self._ask(technician, DeleteTechnician(), actor, command_id)

    async def _ask(self, technician: int, command: TechnicianCommand, actor: str, command_id: UUID) -> None:
        await self._journal.handle(TECHNICIANS, technician, command, actor=actor, command_id=command_id)


def _no_bot(error: Exception) -> Refused:
    mishap = sort(error)
    if isinstance(error, UnreadableAnswer):
        sentence = _(
            "%(reason)s. Whoever runs this installation can see in CALLOUT_TELEGRAM_API whether that is the right "
            "address.",
            reason=stored(mishap.reason).rstrip("."),
        )
        return Refused(sentence, Why.UNAVAILABLE)
    match mishap.kind:
        case Kind.WAIT:
            return Refused(
                _("Telegram asks to wait %(seconds)s seconds first.", seconds=mishap.seconds), Why.UNAVAILABLE
            )
        case Kind.TOKEN | Kind.PERMANENT:
            reason = stored(mishap.reason).rstrip(".")
            sentence = _("Telegram refuses this token: %(reason)s.", reason=reason)
            return Refused(sentence, Why.INVALID, {"token": sentence})
        case _:
            return Refused(
                _("Telegram does not answer just now. Please try again in a moment."), Why.UNAVAILABLE
            )
