"""The services that own what another one keeps copies of, where that one runs without them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import msgspec
from nats.aio.msg import Msg

import nats
from shared.bus import settled
from shared.contract.version import VersionAnswer, VersionRequest, version_of


@asynccontextmanager
async def owners(nats_url: str, versions: Mapping[str, int], *aggregates: str) -> AsyncIterator[None]:
    """Answers how far each stream is, as its owner would; of those that are not in `versions` there is nothing."""

    async def answer(message: Msg) -> None:
        asked = msgspec.json.decode(message.data, type=VersionRequest)
        await message.respond(msgspec.json.encode(VersionAnswer(versions.get(asked.stream, 0))))

    client = await nats.connect(nats_url)
    for aggregate in aggregates:
        await client.subscribe(version_of(aggregate), cb=answer)
    await settled(client)
    try:
        yield
    finally:
        await client.close()
