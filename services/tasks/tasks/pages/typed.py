"""From forms, and from what stands in an address."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from shared.contract.task import ClientInfo, Priority
from shared.language import _
from shared.refusal import Refused, Why
from shared.web import Request, Response, command_id, cookies, form, identity, see
from tasks.domain import checks
from tasks.handlers import Asking, NewTask
from tasks.handlers.filters import NAMES, number_in

SAVED = "callout_saved"
SAVED_SECONDS = 60
FORM_ID = re.compile(r"[0-9A-Za-z-]{1,64}")

AT_THE_FORM = (Why.INVALID, Why.NOT_NOW, Why.UNAVAILABLE)
"""After these the page stays as it was typed, with the sentence."""

CONTACT = ("phone", "email", "address", "notes")


def asking(request: Request) -> Asking:
    """The form names in `keep` the technician about whom it asked whether they are to be kept."""
    version, keep = form(request).get("version", ""), form(request).get("keep", "")
    return Asking(
        identity(request).actor,
        command_id(request),
        number_in(version) if version else None,
        number_in(keep) if keep else None,
    )


def saved(request: Request, path: str) -> Response[Any]:
    """On to the page, with word for the script that keeps what is half typed: this form was carried out."""
    answer = see(request, path)
    carried_out = form(request).get("command_id", "")
    if FORM_ID.fullmatch(carried_out):
        secure = cookies.is_secure(request)
        cookies.write(answer, SAVED, carried_out, SAVED_SECONDS, secure=secure, scripts=True)
    return answer


def came_from(request: Request, otherwise: str) -> str:
    """The page that the form names as where to go on, if it is one of tasks."""
    place = form(request).get("next", "")
    return place if place == "/tasks" or place.startswith("/tasks?") else otherwise


def address(request: Request) -> str:
    """This page, without the filters that were left empty."""
    pairs = {name: value for name, value in request.query_params.items() if value}
    return f"{request.url.path}?{urlencode(pairs)}" if pairs else request.url.path


def is_narrowed(request: Request) -> bool:
    return any(request.query_params.get(name) for name in NAMES)


def new_task(typed: Mapping[str, str], client_id: int | None, zone: str) -> NewTask:
    """Every sentence at once: of the task, and of a client who is new."""
    fields: dict[str, str] = {}
    details, client = None, None
    try:
        details = checks.task_details(typed_details(typed), zone)
    except Refused as refused:
        fields |= refused.fields
    if client_id is None:
        try:
            client = checks.contact(contact_in(typed, "client"))
        except Refused as refused:
            fields |= {"client" if name == "name" else name: said for name, said in refused.fields.items()}
    technician = typed.get("technician_id", "")
    send = typed.get("then") == "send"
    if send and not technician:
        fields["technician_id"] = _("Choose the technician it is to be sent to.")
    if fields or details is None:
        raise Refused(_("Nothing was saved yet: please look at the marked fields."), Why.INVALID, fields)
    return NewTask(details, number_in(technician) if technician else None, client_id, client, send=send)


def typed_details(typed: Mapping[str, str]) -> checks.Typed:
    return checks.Typed(
        typed.get("title", ""),
        typed.get("description", ""),
        typed.get("area", ""),
        typed.get("priority", Priority.NORMAL),
        typed.get("scheduled_at", ""),
    )


def contact_in(typed: Mapping[str, str], name: str = "name") -> ClientInfo:
    return ClientInfo(*(typed.get(field, "") for field in (name, *CONTACT)))
