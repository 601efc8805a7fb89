"""What of a message is said to the bot, which keeps quiet where nobody spoke to it."""

import re

from msgspec import Struct

from .received import Message

COMMAND = re.compile(r"/([A-Za-z][A-Za-z0-9_]{0,31})(?:@([A-Za-z0-9_]{1,64}))?(?=[.,;:!?…]*(?:\s|$))")
"""At the very beginning (Bot API, BotCommand: 1-32 letters, digits and underscores). A path such as /home/x, or a
part such as /2 of 3, is words like any other."""

NOT_OF_A_PERSON = frozenset({"sender_chat", "via_bot", "is_automatic_forward"})
"""Spoken for a channel or as a group (an anonymous admin), or put in by another bot."""

SENT = frozenset(
    {
        "animation", "audio", "caption", "checklist", "contact", "dice", "document", "game", "live_photo", "location",
        "paid_media", "photo", "poll", "sticker", "story", "venue", "video", "video_note", "voice",
    }
)  # fmt: skip
"""What people send (Bot API, Message); what comes without text and without any of these, Telegram says by itself."""


class Said(Struct, frozen=True):
    """command  in small letters, without its slash and the bot's name; "" for none
    named    the command was spoken to this bot by name
    text     what was written, if that is no command
    """

    command: str = ""
    named: bool = False
    text: str = ""


def said(message: Message, username: str) -> Said | None:
    """None where nobody spoke to the bot of this username."""
    person = message.from_user
    if person is None or person.is_bot or not NOT_OF_A_PERSON.isdisjoint(message.fields):
        return None
    text = (message.text or "").strip()
    if not text:
        return None if SENT.isdisjoint(message.fields) else Said()
    found = COMMAND.match(text)
    if not found:
        return Said(text=text)
    command, bot = found.groups()
    if bot and bot.lower() != username.lower():
        return None
    return Said(command.lower(), named=bool(bot))
