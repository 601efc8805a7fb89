"""From a request to a Struct: JSON or a form, cleaned, with a sentence for each field that doesn't fit."""

import io
import re
import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID
from zoneinfo import ZoneInfo

import litestar
import msgspec
from litestar.connection import ASGIConnection
from litestar.datastructures import MultiDict
from litestar.handlers import BaseRouteHandler
from litestar.params import ParameterKwarg
from multipart import MultipartError, MultipartParser, parse_options_header

from shared.language import N_, _, word
from shared.refusal import Refused, Why
from shared.web.guard import known

T = TypeVar("T")

_SCOPE = UUID("5e1f3c52-6d0a-5c0f-9d0e-3f6f4c0a7b11")
_LOCAL_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?")
_MESSAGE = re.compile(r"^(?P<what>.*?)(?: - at `(?P<where>[^`]*)`)?$", re.DOTALL)
KEY_LENGTH = 200
UNREADABLE = N_("The form can't be read. Please load the page again.")
_INTERNAL = ("command_id", "next")
"""Fields of forms that are never the Struct's unless it names them."""


def form(request: litestar.Request[Any, Any, Any], *, as_typed: Collection[str] = ()) -> MultiDict[str]:
    """The fields of a form, without spaces around them; empty where no form was sent.

    as_typed  those that keep their spaces, because they are secrets
    """
    if not is_form(request):
        return MultiDict()
    body: bytes = request.scope.get("body", b"")  # type: ignore[assignment]
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=2000)
    except ValueError as error:
        raise Refused(_(UNREADABLE), Why.INVALID) from error
    return MultiDict((name, value if name in as_typed else _tidy(value)) for name, value in pairs)


def is_form(request: litestar.Request[Any, Any, Any]) -> bool:
    return request.headers.get("content-type", "").lower().startswith("application/x-www-form-urlencoded")


def upload(request: litestar.Request[Any, Any, Any], name: str) -> bytes:
    """The file that was chosen in this field of a form with `enctype="multipart/form-data"`; empty where none was."""
    body: bytes = request.scope.get("upload", b"")  # type: ignore[assignment]
    _kind, options = parse_options_header(request.headers.get("content-type", ""))
    if not body or not options.get("boundary"):
        return b""
    try:
        part = MultipartParser(io.BytesIO(body), options["boundary"], strict=True, part_limit=20).get(name)
    except MultipartError as error:
        raise Refused(_(UNREADABLE), Why.INVALID) from error
    return bytes(part.raw) if part is not None else b""


async def read(
    request: litestar.Request[Any, Any, Any], wanted: type[T], *, as_typed: Collection[str] = ()
) -> T:
    """The body as `wanted`, or Refused(INVALID) with a sentence for each field.

    In a form an empty field counts as left out, unless it is text; `lines.0.price` is a field of the
    first of `lines`; and a date and time without an offset is meant in the site's time zone. as_typed: see `form`.
    """
    if is_form(request):
        return to_struct(dict(_last(form(request, as_typed=as_typed))), wanted, zone_of(request))
    body: bytes = request.scope.get("body", b"")  # type: ignore[assignment]
    try:
        return msgspec.json.decode(body or b"{}", type=wanted)
    except msgspec.ValidationError as error:
        raise invalid(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(_("The body is not valid JSON."), Why.INVALID) from error


def to_struct(fields: dict[str, str], wanted: type[T], zone: ZoneInfo) -> T:
    """Typed fields → Struct; see `read`."""
    kind = msgspec.inspect.type_info(wanted)
    tree: dict[str, Any] = {}
    names = (
        {field.encode_name for field in kind.fields}
        if isinstance(kind, msgspec.inspect.StructType)
        else set()
    )
    for name, value in fields.items():
        if name in _INTERNAL and name not in names:
            continue
        _plant(tree, name.split("."), value)
    try:
        return msgspec.convert(_fit(tree, kind, zone), wanted, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(str(error)) from error


async def refuse_null(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """A guard, async as `guard` is: Litestar would read `?task=null` as if nothing had been said, and answer all."""
    if b"=null" not in connection.scope["query_string"]:
        return
    for each in handler.parsed_fn_signature.parameters.values():
        said = each.kwarg_definition.query if isinstance(each.kwarg_definition, ParameterKwarg) else None
        name = said or each.name
        text = str in {each.annotation, *(option.annotation for option in each.inner_types)}
        if not text and connection.query_params.get(name) == "null":
            raise invalid(f"Expected a value, got `null` - at `$.{name}`")


def command_id(request: litestar.Request[Any, Any, Any]) -> UUID:
    """The same for a request that is sent again: from `Idempotency-Key` or the form's hidden field.

    It is bound to who asks and for what, so nobody can meet another's. Without either, a new one.
    """
    given = request.headers.get("idempotency-key") or form(request).get("command_id")
    if not given:
        return uuid.uuid4()
    if len(given) > KEY_LENGTH:
        raise Refused(_("The Idempotency-Key is too long: at most 200 characters."), Why.INVALID)
    who = known(request)
    return uuid.uuid5(_SCOPE, "\n".join((who.actor if who else "", request.method, request.url.path, given)))


def in_zone(moment: datetime, zone: ZoneInfo) -> datetime:
    """A moment without an offset is meant in the site's time zone."""
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def zone_of(request: litestar.Request[Any, Any, Any]) -> ZoneInfo:
    return ZoneInfo(request.app.state.web.site().time_zone)


def invalid(message: str) -> Refused:
    """msgspec's message as a refusal that names the field: "Expected `int`, got `str` - at `$.lines[0].quantity`"."""
    match = _MESSAGE.match(message)
    assert match is not None
    what, where = match["what"], (match["where"] or "$").removeprefix("$").lstrip(".")
    if where == "data":  # Litestar's name for the body itself
        where = ""
    missing = re.fullmatch(r"Object missing required field `(.+)`", what)
    unknown = re.fullmatch(r"Object contains unknown field `(.+)`", what)
    if missing:
        where, what = f"{where}.{missing[1]}".lstrip("."), _("This is needed.")
    elif unknown:
        where, what = f"{where}.{unknown[1]}".lstrip("."), _("There is no such field.")
    else:
        what = f"{what}."
    where = re.sub(r"\[(\d+)\]", r".\1", where).strip(".")
    if not where:
        return Refused(what, Why.INVALID)
    sentence = _("Please check “%(field)s”: %(what)s", field=word(where), what=what)
    return Refused(sentence, Why.INVALID, {where: what})


def _tidy(value: str) -> str:
    return value.replace("\r\n", "\n").strip()


def _last(fields: MultiDict[str]) -> dict[str, str]:
    # A checkbox after a hidden field of its name wins, as browsers' users expect.
    return {name: fields.getall(name)[-1] for name in fields}


def _plant(tree: dict[str, Any], path: list[str], value: str) -> None:
    if len(path) > 6:
        raise Refused(_(UNREADABLE), Why.INVALID)
    for part in path[:-1]:
        branch = tree.setdefault(part, {})
        if not isinstance(branch, dict):
            raise Refused(_(UNREADABLE), Why.INVALID)
        tree = branch
    tree[path[-1]] = value


def _fit(value: Any, kind: msgspec.inspect.Type, zone: ZoneInfo) -> Any:
    """Shapes what was typed so that msgspec can convert it to `kind`."""
    options = kind.types if isinstance(kind, msgspec.inspect.UnionType) else (kind,)
    for option in options:
        if isinstance(option, msgspec.inspect.StructType) and isinstance(value, dict):
            kinds = {field.encode_name: field for field in option.fields}
            fitted = {}
            for name, each in value.items():
                field = kinds.get(name)
                if field is None:
                    fitted[name] = each
                elif each != "" or _takes_text(field.type):
                    fitted[name] = _fit(each, field.type, zone)
            return fitted
        if isinstance(option, (msgspec.inspect.ListType, msgspec.inspect.VarTupleType)):
            items = [value[key] for key in sorted(value, key=_order)] if isinstance(value, dict) else [value]
            # A row of which nothing is filled in is no row.
            return [_fit(item, option.item_type, zone) for item in items if not _blank(item)]
        if (
            isinstance(option, msgspec.inspect.DateTimeType)
            and isinstance(value, str)
            and _LOCAL_TIME.fullmatch(value)
        ):
            return _local(value, zone)
        if isinstance(option, msgspec.inspect.BoolType) and isinstance(value, str):
            return {"on": True, "off": False}.get(value, value)
        if isinstance(option, (msgspec.inspect.DecimalType, msgspec.inspect.IntType)) and isinstance(
            value, str
        ):
            return value.strip()
    return value


def _local(value: str, zone: ZoneInfo) -> Any:
    try:
        return datetime.fromisoformat(value).replace(tzinfo=zone)
    except ValueError:
        return value


def _takes_text(kind: msgspec.inspect.Type) -> bool:
    options = kind.types if isinstance(kind, msgspec.inspect.UnionType) else (kind,)
    text = any(isinstance(option, msgspec.inspect.StrType) for option in options)
    return text and not any(isinstance(option, msgspec.inspect.NoneType) for option in options)


def _blank(item: Any) -> bool:
    return all(_blank(each) for each in item.values()) if isinstance(item, dict) else item == ""


def _order(key: str) -> tuple[int, str]:
    return (int(key) if len(key) < 10 and key.isdecimal() else -1, key)
