"""One invoice: what is on it, how it was delivered, what can be done, and its document."""

from typing import Any

from litestar import get, post
from litestar.params import FromPath

from invoices import views
from invoices.document import filename
from invoices.domain import may_become
from invoices.handlers import Handlers, status_of
from shared.contract.task import Status
from shared.document import MEDIA_TYPE, PICTURE, attachment
from shared.language import _
from shared.refusal import Refused, Why
from shared.web import Done, Request, Response, command_id, form, fragment, identity, page, see

from .common import numbered, words

SENDINGS = 10


def routes(handlers: Handlers) -> list[Any]:
    @get("/invoices/{number:int}")
    async def show(request: Request, number: FromPath[int]) -> Response[str]:
        return await _card(request, handlers, number)

    @get("/invoices/{number:int}/document")
    async def download(number: FromPath[int]) -> Response[bytes]:
        pdf = await handlers.pdf(await handlers.shown(number))
        return Response(pdf, media_type=MEDIA_TYPE, headers=attachment(filename(number)))

    @get("/invoices/{number:int}/preview")
    async def preview(request: Request, number: FromPath[int]) -> Response[str]:
        """The pages of the document as pictures, for the card."""
        invoice = await handlers.shown(number)
        pages = await handlers.preview(invoice)
        return fragment(request, "preview.html", invoice=invoice, pages=len(pages))

    @get("/invoices/{number:int}/preview.svg")
    async def picture(request: Request, number: FromPath[int]) -> Response[bytes]:
        """`?page=1`: letters are shapes in it, so it holds no text that could be more than text."""
        pages = await handlers.preview(await handlers.shown(number))
        at = numbered(request.query_params.get("page", "1")) or 0
        if not 1 <= at <= len(pages):
            raise Refused(_("The document has no such page."), Why.MISSING)
        return Response(pages[at - 1], media_type=PICTURE)

    @post("/invoices/{number:int}/dispatch")
    async def dispatch(request: Request, number: FromPath[int]) -> Response[Any]:
        try:
            await handlers.send(number, keeps=_keeps(request), **_who(request))
        except Refused as refused:
            return await _card(request, handlers, number, refused)
        return see(request, _next(request, f"/invoices/{number}"))

    @post("/invoices/{number:int}/status")
    async def set_status(request: Request, number: FromPath[int]) -> Response[Any]:
        try:
            wanted = status_of(form(request).get("status", ""))
            if wanted is None:
                raise Refused(_("Choose pending, paid or void."), Why.INVALID)
            await handlers.set_status(number, wanted, **_who(request))
        except Refused as refused:
            return await _card(request, handlers, number, refused)
        return see(request, _next(request, f"/invoices/{number}?done={wanted}"))

    @post("/invoices/{number:int}/delete")
    async def remove(request: Request, number: FromPath[int]) -> Response[Any]:
        try:
            await handlers.delete(number, **_who(request))
        except Refused as refused:
            return await _card(request, handlers, number, refused)
        return see(request, "/invoices", Done.INVOICE_DELETED, number)

    return [show, download, preview, picture, dispatch, set_status, remove]


async def _card(
    request: Request, handlers: Handlers, number: int, refused: Refused | None = None
) -> Response[str]:
    """The invoice as it is now, with the sentence of whatever was refused; where it is gone, that alone."""
    invoice = await handlers.shown(number)
    task = await handlers.task(invoice.task)
    return page(
        request,
        "invoice.html",
        refused=refused,
        invoice=invoice,
        deliveries=await views.deliveries(handlers.pool, number, SENDINGS),
        task_deleted=task is not None and task.status is Status.DELETED,
        may_become=may_become(invoice.status),
        done=request.query_params.get("done", ""),
        **words(handlers),
    )


def _next(request: Request, otherwise: str) -> str:
    """Back to the list that the button stood in, if it did."""
    path = form(request).get("next", "")
    return path if path == "/invoices" or path.startswith("/invoices?") else otherwise


def _keeps(request: Request) -> int | None:
    """The technician about whom the form asked whether they are to be kept; an id of Telegram has up to 19 digits."""
    keep = form(request).get("keep", "")
    return int(keep) if keep.isascii() and keep.isdecimal() and len(keep) < 20 else None


def _who(request: Request) -> dict[str, Any]:
    """Who asks, for the command of a form, and which version of the invoice they saw."""
    return {
        "actor": identity(request).actor,
        "command_id": command_id(request),
        "expected": numbered(form(request).get("version", "")),
    }
