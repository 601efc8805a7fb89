"""Technicians and the bot connection as JSON."""

from typing import Annotated, Any, Literal
from uuid import uuid5

from litestar import delete, get, patch, post, put
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from bot_gateway import views
from bot_gateway.handlers import NAME_LENGTH, NOTE_LENGTH, Handlers
from bot_gateway.views import BotInfo, TechnicianView, TokenView
from shared.web import OWNER, After, Limit, Page, Request, after_of, command_id, identity, limit_of, paged


class NewToken(Struct, frozen=True):
    """As @BotFather gave it.

    replace  with another bot than before, every technician must press Start again: where technicians are
             registered it is only connected with `true` here
    """

    token: Annotated[str, Meta(max_length=200)]
    replace: Annotated[
        bool,
        Meta(description="Connect it though it is another bot, in which every technician must press Start."),
    ] = False


class Connected(Struct, frozen=True):
    bot: BotInfo


class TechnicianChange(Struct, frozen=True):
    """What is left out stays as it is. An empty name means Telegram's own.

    version  as it was shown; the change is refused with 409 where somebody was faster
    """

    name: Annotated[str, Meta(max_length=NAME_LENGTH)] | None = None
    note: Annotated[str, Meta(max_length=NOTE_LENGTH)] | None = None
    status: Literal["active", "deactivated"] | None = None
    version: int | None = None


def routes(handlers: Handlers) -> list[Any]:
    @put("/api/telegram/token", summary="Connect a bot", opt=OWNER)
    async def connect(request: Request, data: JSONBody[NewToken]) -> Connected:
        """Checked with Telegram first; a bad token answers 422 with Telegram's reason.

        Another bot than before answers 409 where technicians are registered, unless `replace` is true.
        """
        bot = await handlers.connect(
            data.token,
            actor=identity(request).actor,
            command_id=command_id(request),
            replace=data.replace,
        )
        return Connected(bot)

    @get("/api/telegram/token", summary="The bot connection, with the token masked", opt=OWNER)
    async def token() -> TokenView:
        return await views.token(handlers.pool)

    @delete("/api/telegram/token", summary="Disconnect the bot and forget its token", opt=OWNER)
    async def disconnect(request: Request) -> None:
        await handlers.disconnect(actor=identity(request).actor, command_id=command_id(request))

    @get("/api/technicians", summary="List technicians, newest first")
    async def index(
        request: Request,
        q: Annotated[str, QueryParameter(description="Words of a name, a username or an id")] = "",
        status: Annotated[str, QueryParameter(schema_extra={"enum": ["", *views.STATUS]})] = "",
        sort: Annotated[str, QueryParameter(schema_extra={"enum": list(views.ORDERS)})] = "",
        after: After = None,
        limit: Limit = None,
    ) -> Page[TechnicianView]:
        """A deactivated technician is paused: nothing is offered to them until they are active again."""
        order, most = views.order(sort), limit_of(request)
        rows = await views.technicians(
            handlers.pool, after_of(request, order.key), most, q=q, status=status, order=order
        )
        return paged(rows, most, order.place)

    @get("/api/technicians/{telegram_id:int}", summary="One technician")
    async def show(telegram_id: FromPath[int]) -> TechnicianView:
        return await views.technician(handlers.pool, telegram_id)

    @patch("/api/technicians/{telegram_id:int}", summary="Change a technician")
    async def change(
        request: Request, telegram_id: FromPath[int], data: JSONBody[TechnicianChange]
    ) -> TechnicianView:
        now = await views.technician(handlers.pool, telegram_id)
        actor, command = identity(request).actor, command_id(request)
        if data.name is not None or data.note is not None:
            await handlers.edit(
                telegram_id,
                now.own_name if data.name is None else data.name,
                now.note if data.note is None else data.note,
                actor=actor,
                command_id=uuid5(command, "edit"),
                expected=data.version,
            )
        match data.status:
            case "active":
                await handlers.reactivate(telegram_id, actor=actor, command_id=uuid5(command, "status"))
            case "deactivated":
                await handlers.deactivate(telegram_id, actor=actor, command_id=uuid5(command, "status"))
            case None:
                pass
        return await views.technician(handlers.pool, telegram_id)

    @post("/api/technicians/{telegram_id:int}/review", status_code=200, summary="Keep as is")
    async def review(request: Request, telegram_id: FromPath[int]) -> TechnicianView:
        await handlers.review(telegram_id, actor=identity(request).actor, command_id=command_id(request))
        return await views.technician(handlers.pool, telegram_id)

    @delete("/api/technicians/{telegram_id:int}", summary="Delete a technician")
    async def remove(request: Request, telegram_id: FromPath[int]) -> None:
        """Whatever they hold is withdrawn. Pressing Start again registers them anew."""
        await handlers.delete(telegram_id, actor=identity(request).actor, command_id=command_id(request))

    return [connect, token, disconnect, index, show, change, review, remove]
