"""What the doctor says: one line for each thing that was looked at, and what to do where it is not well."""

from enum import StrEnum

from msgspec import Struct


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


class Finding(Struct, frozen=True):
    """
    about    what was looked at, such as "relay"
    service  whose; None: of all
    says     what was seen; names nobody and nothing private
    do       what to do about it; empty where all is well
    """

    state: State
    about: str
    service: str | None
    says: str
    do: str = ""


def ok(about: str, service: str | None, says: str) -> Finding:
    return Finding(State.OK, about, service, says)


def warning(about: str, service: str | None, says: str, do: str) -> Finding:
    return Finding(State.WARNING, about, service, says, do)


def wrong(about: str, service: str | None, says: str, do: str) -> Finding:
    return Finding(State.WRONG, about, service, says, do)


def kind(error: BaseException) -> str:
    """What went wrong, without what it quotes."""
    return type(error).__name__
