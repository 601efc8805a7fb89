"""Sessions and tokens as the notifier makes them, for a service that runs without it."""

import msgspec

from shared.contract.admin import Role
from shared.service import Service
from shared.web.sessions import BUCKET, FILLED, Session, digest
from tests.people import eventually


def secret(role: Role, browser: bool) -> str:
    return f"{'cookie' if browser else 'token'}-of-the-{role.value}-0123456789"


async def let_in(service: Service) -> None:
    """What the notifier does: everybody's session is put into the bucket."""
    bucket = await service.bus.js.create_key_value(bucket=BUCKET)
    for role in Role:
        for browser in (False, True):
            session = Session(admin=role.value, name=role.value.title(), role=role, token=not browser)
            await bucket.put(digest(secret(role, browser)), msgspec.json.encode(session))
    await bucket.put(FILLED, b"1")


async def knows(secret: str, *services: Service) -> None:
    """Waits until a session or token that has just begun has come to each of them over the bus."""

    async def come() -> bool:
        """the session, at every service"""
        return all(service.sessions.get(digest(secret)) for service in services)

    await eventually(come)
