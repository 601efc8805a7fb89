"""Who the servers run as, and what that user alone may read.

PostgreSQL refuses to run as root: started by root, both servers run as `nobody`, or as
whoever owns the cluster already; started by anyone else, as that user.
"""

import os
import pwd
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from local.trouble import CannotStart

UNPRIVILEGED = "nobody"


class Owner(Struct, frozen=True):
    """The unprivileged user that root starts the servers as."""

    uid: int
    gid: int
    closed_out: bool
    """Whether some folder on the way, such as /root, is closed to that user."""


def owner_of(cluster: Path, ways: Iterable[Path]) -> Owner | None:
    """Whom root starts the servers as; None for everyone else, who start them as themselves.

    `ways` are the folders and programs that this user has to come to.
    """
    if os.geteuid() != 0:
        return None
    if cluster.exists() and (kept := cluster.stat()).st_uid != 0:
        uid, gid = kept.st_uid, kept.st_gid
    else:
        try:
            nobody = pwd.getpwnam(UNPRIVILEGED)
        except KeyError:
            raise CannotStart(
                f"PostgreSQL does not run as root, and there is no user {UNPRIVILEGED} to run it as. "
                "Start Callout as an ordinary user."
            ) from None
        uid, gid = nobody.pw_uid, nobody.pw_gid
    return Owner(uid, gid, closed_out=not all(_reaches(uid, gid, way) for way in ways))


def make_private_folder(folder: Path, owner: Owner | None) -> None:
    """There may be one already; then it only gets its owner."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if owner:
        os.chown(folder, owner.uid, owner.gid)


def write_private(path: Path, text: str, owner: Owner | None) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    if owner:
        os.chown(path, owner.uid, owner.gid)


def _reaches(uid: int, gid: int, path: Path) -> bool:
    """Whether a user may pass a folder, or run a program, and pass every folder that leads to it."""
    path = path.resolve()
    for step in (*path.parents, path):
        kept = step.stat()
        bit = 0o100 if kept.st_uid == uid else 0o010 if kept.st_gid == gid else 0o001
        if not kept.st_mode & bit:
            return False
    return True
