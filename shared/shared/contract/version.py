"""How far a stream has come: asked of its owner by whoever keeps a copy and must know whether it has all of it."""

from msgspec import Struct


class VersionRequest(Struct, frozen=True):
    """How many events of a stream were written by now, be they on the bus yet or not."""

    stream: str


class VersionAnswer(Struct, frozen=True):
    """version: 0 where there is no such stream."""

    version: int


def version_of(aggregate: str) -> str:
    """The subject of that question."""
    return f"queries.{aggregate}.version"
