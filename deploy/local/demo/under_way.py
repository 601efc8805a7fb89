"""Whether anything that a step set off is still on its way through the services."""

import asyncio
from collections.abc import Awaitable, Callable

from local.demo.pocket import Pockets
from local.stack import Stack

GLANCE = 0.004  # seconds
PATIENCE = 120.0

_HEARD = "SELECT NOT EXISTS (SELECT FROM updates WHERE handled_at IS NULL AND set_aside_at IS NULL)"
_DELIVERED = "SELECT NOT EXISTS (SELECT FROM deliveries WHERE status IN ('queued', 'sending'))"


async def until_delivered(stack: Stack, phones: Pockets) -> None:
    """What people did is stored and handled, and every message that followed from it was brought."""
    await _until(lambda: _is_delivered(stack, phones))


async def until_quiet(stack: Stack, phones: Pockets) -> None:
    """Moreover, all of it is published, and folded everywhere."""

    async def quiet() -> bool:
        # Twice, because what a fold writes is published again.
        return all([await _is_delivered(stack, phones) and await _is_folded(stack) for _ in range(2)])

    await _until(quiet)


async def _is_delivered(stack: Stack, phones: Pockets) -> bool:
    """Looked at in the direction in which things move, so that nothing slips by between two looks."""
    bot = stack.services["bot-gateway"]
    if await phones.unread_by_bot() or not await bot.pool.fetchval(_HEARD):
        return False
    for name in ("tasks", "invoices"):
        if not await stack.services[name].is_published():
            return False
    return await bot.is_caught_up() and bool(await bot.pool.fetchval(_DELIVERED))


async def _is_folded(stack: Stack) -> bool:
    for service in stack.services.values():
        if not await service.is_published():
            return False
    for service in stack.services.values():
        if not await service.is_caught_up():
            return False
    return True


async def _until(look: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await look():
            await asyncio.sleep(GLANCE)
