"""Becomes a server that does not outlive its parent, as an unprivileged user where asked.

Run as a script, `launch.py PARENT SIGNAL OWNER REACH PROGRAM ARGUMENT…`, and
replaced by PROGRAM at once, so nothing of it stays in memory:

- PARENT: process id of whoever starts it; when that one dies, however it dies, PROGRAM gets SIGNAL.
- OWNER: `uid:gid` to become, or `-` to stay who one is.
- REACH: `reach` where OWNER cannot pass the folders that lead to PROGRAM or its
  data (such as /root): it keeps the one right it needs to read and pass them, and no other.

The kernel forgets the parent-death signal when the user changes (prctl(2),
PR_SET_PDEATHSIG), so the order below matters: user, rights, signal, program.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2


def main() -> None:
    parent, signal, owner, reach, *command = sys.argv[1:]
    linux = sys.platform == "linux"
    libc = ctypes.CDLL(None, use_errno=True)
    if owner != "-":
        uid, gid = map(int, owner.split(":"))
        right = reaching_right() if linux and reach == "reach" else None
        if right is not None:
            # Rights stay when the user changes, and count in access(2), with which initdb looks for postgres.
            checked(libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
        if right is not None:
            keep(libc, right)
    if linux:
        checked(libc.prctl(PR_SET_PDEATHSIG, int(signal), 0, 0, 0))
    if os.getppid() != int(parent):
        sys.exit("The process that started this server is gone.")
    os.execv(command[0], command)  # noqa: S606  (no shell is wanted)


def reaching_right() -> int:
    """The smaller of the two rights that pass a closed folder, among those this process has.

    Containers often lack CAP_DAC_READ_SEARCH and have CAP_DAC_OVERRIDE.
    """
    with open("/proc/self/status", encoding="ascii") as status:
        held = next(int(line.split()[1], 16) for line in status if line.startswith("CapPrm"))
    return CAP_DAC_READ_SEARCH if held >> CAP_DAC_READ_SEARCH & 1 else CAP_DAC_OVERRIDE


def keep(libc: ctypes.CDLL, right: int) -> None:
    """Drop every right but one, and pass that one through exec."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    low = 1 << right
    # effective, permitted, inheritable: for rights 0-31, then for 32-63
    data = (ctypes.c_uint32 * 6)(low, low, low, 0, 0, 0)
    checked(libc.capset(header, data))
    checked(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, right, 0, 0))


def checked(result: int) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


if __name__ == "__main__":
    main()
