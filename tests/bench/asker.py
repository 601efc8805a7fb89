"""Whoever asks: the same request again and again, on many connections, in a process that has little else to load.

python -m tests.bench.asker ADDRESS CONNECTIONS SECONDS < REQUEST     prints the answers a second
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

import uvloop

from tests.bench.wire import Wire


async def ask(address: str, connections: int, seconds: float, asking: bytes) -> float:
    """Answers a second."""
    wires = [await Wire.open(address) for _ in range(connections)]

    async def one(place: int) -> None:
        await wires[place].ask(asking)

    return await rate(one, connections, seconds)


async def rate(one: Callable[[int], Awaitable[None]], at_once: int, seconds: float) -> float:
    """How often a second `one` ends, with so many of them under way; the first half second only warms up."""
    until = time.perf_counter() + 0.5

    async def keep_on(place: int) -> int:
        done = 0
        while time.perf_counter() < until:
            await one(place)
            done += 1
        return done

    await asyncio.gather(*map(keep_on, range(at_once)))
    began = time.perf_counter()
    until = began + seconds
    done = sum(await asyncio.gather(*map(keep_on, range(at_once))))
    return done / (time.perf_counter() - began)


if __name__ == "__main__":
    address, connections, seconds = sys.argv[1:]
    print(uvloop.run(ask(address, int(connections), float(seconds), sys.stdin.buffer.read())))
