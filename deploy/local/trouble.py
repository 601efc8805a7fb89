"""Why servers do not start, in sentences for people."""

import errno
from pathlib import Path


class CannotStart(Exception):
    """A server did not start; the text says why, and what to do, in a sentence for people."""


class InUse(CannotStart):
    """The data folder's servers run already, for another process."""


class PortTaken(CannotStart):
    """Another program listens there."""


def sentence(error: OSError, data: Path) -> str:
    """What the system said no to, while starting on a data folder."""
    if error.errno == errno.ENOSPC:
        return f"The disk of {data} is full. Make room, or choose another folder."
    if isinstance(error, PermissionError):
        path = error.filename or data
        return f"{path} belongs to another user. Start Callout as that user, or choose another folder."
    return f"{data} cannot be used: {error}."
