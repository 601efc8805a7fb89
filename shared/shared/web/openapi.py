"""The document of a service's JSON calls (OpenAPI 3.1).

Litestar finds the calls and their parameters. Bodies and answers are described by msgspec, which reads and writes
them, and what is true of every call is said here once: who may, how it is refused, what repeats safely.
"""

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any
from uuid import UUID

import litestar
import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.routes import HTTPRoute
from msgspec import Struct

from shared.contract.admin import Role
from shared.numbers import BIGGEST
from shared.schemas import described
from shared.web.forms import KEY_LENGTH
from shared.web.guard import SAFE, role_of
from shared.web.problems import Problem

PROBLEM = "application/problem+json"
JSON = "application/json"

REFUSALS = {
    400: "The body is no JSON.",
    401: "Nobody is known by this token.",
    403: "The token's role may not do this.",
    404: "There is no such thing.",
    409: "The rules don't allow it as things stand, or somebody was faster.",
    413: "The body is larger than 256 KB.",
    422: "Something in the request can't be used as it is; `fields` says what.",
    503: "A part that is needed does not answer; nothing was changed. Try again in a moment.",
}

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Whatever you choose, once for each thing that is to happen: sent again it changes nothing more, "
    "and answers what the first one did.",
    "schema": {"type": "string", "maxLength": KEY_LENGTH},
}


def config(service: str) -> OpenAPIConfig:
    """For Litestar; the document is at `/api/<service>/openapi.json`."""
    return OpenAPIConfig(
        title=f"Callout: {service}",
        version="1",
        path=f"/api/{service}/openapi.json",
        render_plugins=[_Document(path="/self")],  # the first one answers at `path` itself
        security=[{"token": []}],
        components=Components(
            security_schemes={
                "token": SecurityScheme(
                    type="http", scheme="bearer", description="Of `callout token create NAME`"
                )
            }
        ),
    )


class _Document(JsonRenderPlugin):
    def render(self, request: litestar.Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return msgspec.json.encode(finished(openapi_schema, calls_of(request.app)))


class Call(Struct, frozen=True):
    """One call: where it is, and the types that go in and come out; `data` is None where it has no body."""

    path: str
    method: str
    handler: HTTPRouteHandler

    @property
    def safe(self) -> bool:
        return self.method in SAFE

    @property
    def data(self) -> Any:
        found = self.handler.parsed_fn_signature.parameters.get("data")
        return found.annotation if found else None

    @property
    def answer(self) -> Any:
        """None where Litestar is told by `media_type` what it is."""
        kind = self.handler.parsed_fn_signature.return_type
        return (
            None
            if kind.annotation is type(None) or kind.is_subclass_of(litestar.Response)
            else kind.annotation
        )


def calls_of(app: litestar.Litestar) -> Iterator[Call]:
    """What is described: pages are not."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                if handler.resolve_include_in_schema():
                    yield Call(route.path_format, method, handler)


def finished(document: dict[str, Any], calls: Iterable[Call]) -> dict[str, Any]:
    """Litestar's document with the rest; it is left as it was."""
    calls = list(calls)
    types = [kind for call in calls for kind in (call.data, call.answer) if kind is not None]
    schema_of, components = described([Problem, *types])
    refusal = {PROBLEM: {"schema": schema_of[Problem]}}
    paths: dict[str, dict[str, Any]] = {}
    for call in calls:
        said = document["paths"][call.path][call.method.lower()]
        operation = {**said, "responses": _answers(call, said["responses"], schema_of, refusal)}
        role = role_of(call.handler, call.method)
        operation["security"] = [{"token": [role]}] if role else []
        if parameters := _parameters(call, said.get("parameters", [])):
            operation["parameters"] = parameters
        if call.data is not None:
            operation["requestBody"] = {
                "required": _needed(call),
                "content": {JSON: {"schema": schema_of[call.data]}},
            }
        paths.setdefault(call.path, {})[call.method.lower()] = operation
    return {
        **document,
        "paths": paths,
        "components": {**document["components"], "schemas": dict(sorted(components.items()))},
    }


def _needed(call: Call) -> bool:
    """A body that may be left out is a type with None in it."""
    return bool(not call.handler.parsed_fn_signature.parameters["data"].is_optional)


def _answers(
    call: Call, said: dict[str, Any], schema_of: dict[Any, Any], refusal: dict[str, Any]
) -> dict[str, Any]:
    good = str(call.handler.status_code)
    of_its_own = {status: said[status] for status in map(str, call.handler.responses or {})}
    answers = {good: {**said[good], "description": HTTPStatus(int(good)).phrase}, **of_its_own}
    if call.answer is not None:
        answers[good]["content"] = {JSON: {"schema": schema_of[call.answer]}}
    for status in sorted(_refusals(call)):
        answers[str(status)] = {"description": REFUSALS[status], "content": refusal}
    return answers


def _refusals(call: Call) -> set[int]:
    role = role_of(call.handler, call.method)
    if role is None:
        return set()
    found = {401, 413, 422, 503}
    if not call.safe or role is not Role.VIEWER:
        found.add(403)
    after = call.handler.parsed_fn_signature.parameters.get("after")
    # An id is somebody's or nobody's; what `next` said is only where to begin.
    if "{" in call.path or (after and after.has_inner_subclass_of(UUID)):
        found.add(404)
    if not call.safe:
        found |= {404, 409}
    if call.data is not None:
        found.add(400)
    return found


def _parameters(call: Call, said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = [{**each, "schema": _without_null(each)} for each in said]
    return [*found, IDEMPOTENCY_KEY] if call.method == "POST" else found


def _without_null(parameter: dict[str, Any]) -> dict[str, Any]:
    """Nothing in an address is null: what may be None is only not required. Numbers in paths begin with 1."""
    schema = dict(parameter["schema"])
    options = [each for each in schema.pop("oneOf", []) if each != {"type": "null"}]
    if len(options) == 1:
        schema = {**options[0], **schema}
    elif options:
        schema["oneOf"] = options
    if parameter["in"] == "path" and schema.get("type") == "integer":
        schema = {"minimum": 1, "maximum": BIGGEST, **schema}
    return schema
