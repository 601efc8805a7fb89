"""The port that a server listens on: the one asked for, else the last one, else any free one."""

import contextlib
import secrets
import socket
from collections.abc import Awaitable, Callable

from local.access import HOST
from local.trouble import PortTaken


async def on_a_port(start: Callable[[int], Awaitable[None]], last: int, asked: int) -> int:
    """Start on the port that was asked for, else on the last one, else on any free one."""
    if asked and not _is_free(asked):
        raise PortTaken(f"Port {asked} is taken by another program. Choose another one.")
    if asked:
        await start(asked)
        return asked
    if last and _is_free(last):
        with contextlib.suppress(PortTaken):
            await start(last)
            return last
    for _ in range(3):
        # Between looking and starting, another program may take it.
        with contextlib.suppress(PortTaken):
            port = free_port()
            await start(port)
            return port
    raise PortTaken("Every port that was tried is taken by another program.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A free port below the range that systems give to outgoing connections.

    A client that dials a dead server on a port within that range can be given the same port and
    connect to itself; then the server finds its port taken when it comes back.
    """
    while True:
        port = 15_000 + secrets.randbelow(17_000)
        if _is_free(port):
            return port
