"""Types → JSON schemas, as msgspec reads and writes them: for OpenAPI and AsyncAPI alike."""

from collections.abc import Iterable, Iterator
from inspect import cleandoc
from typing import Any

import msgspec
from msgspec import inspect

REFERENCE = "#/components/schemas/{name}"


def described(types: Iterable[Any]) -> tuple[dict[Any, dict[str, Any]], dict[str, dict[str, Any]]]:
    """(type → its schema, name → the schemas that those refer to)"""
    types = list(types)
    schemas, components = msgspec.json.schema_components(types, ref_template=REFERENCE)
    moments = {each for info in inspect.multi_type_info(types) for each in _moments(info, set())}
    for schema in components.values():
        if "description" in schema:
            schema["description"] = cleandoc(schema["description"])
        struct = schema.get("title", "").partition("[")[0]
        for name, described in schema.get("properties", {}).items():
            if (struct, name) in moments:
                _say_moment(described)
    return dict(zip(types, schemas, strict=True)), components


def _moments(info: inspect.Type, seen: set[type]) -> Iterator[tuple[str, str]]:
    """(struct, field) of each that holds a moment: msgspec says so only of those whose zone it checks."""
    match info:
        case inspect.StructType(cls=struct, fields=fields) if struct not in seen:
            seen.add(struct)
            for field in fields:
                if any(isinstance(option, inspect.DateTimeType) for option in _options(field.type)):
                    yield struct.__name__, field.encode_name
                yield from _moments(field.type, seen)
        case inspect.UnionType() | inspect.Metadata():
            for option in _options(info):
                yield from _moments(option, seen)
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            yield from _moments(item, seen)


def _options(info: inspect.Type) -> Iterator[inspect.Type]:
    match info:
        case inspect.UnionType(types=types):
            for each in types:
                yield from _options(each)
        case inspect.Metadata(type=plain):
            yield from _options(plain)
        case _:
            yield info


def _say_moment(schema: dict[str, Any]) -> None:
    for option in (schema, *schema.get("anyOf", [])):
        if option.get("type") == "string":
            option["format"] = "date-time"
