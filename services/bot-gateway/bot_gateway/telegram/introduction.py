"""What a bot is told once it is connected, whichever way its updates come; it works without that too."""

import structlog
from aiogram.methods import SetMyCommands, TelegramMethod
from aiogram.types import BotCommand

from shared.contract.site import Site
from shared.language import _, languages, speaking

from . import messages
from .connection import Line
from .troubles import sort

log = structlog.get_logger()


async def introduce(line: Line, site: Site) -> None:
    """The list of commands beside the technician's text field.

    One for each language that has sentences, and the site's for all others (Bot API, setMyCommands).
    """
    for only_for, tag in [(None, site.language), *((each, each) for each in languages())]:
        with speaking(tag):
            commands = [
                BotCommand(command=name, description=_(told)) for name, told in messages.COMMANDS.items()
            ]
        await quietly(line, SetMyCommands(commands=commands, language_code=only_for))


async def quietly(line: Line, method: TelegramMethod[bool]) -> None:
    try:
        await line.call(method)
    except Exception as error:
        log.info("not essential", method=type(method).__name__, reason=sort(error).reason)
