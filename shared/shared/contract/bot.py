"""What others hear of the bot connection. The token is in no event."""

from typing import TypeAlias

from .event import Event


class BotConnected(Event):
    bot_id: int
    username: str
    name: str


class BotDisconnected(Event):
    username: str


class BotRefused(Event):
    """Telegram no longer takes the token (401), so nothing is fetched or sent until a new one is entered."""

    username: str
    reason: str


BotEvent: TypeAlias = BotConnected | BotDisconnected | BotRefused


def bot_link(username: str) -> str:
    return f"https://t.me/{username}"
