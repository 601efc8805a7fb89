"""`make bench`: how fast Callout is, as ratios to the raw floor in the same run, because machines differ.

make bench                                   every row, on real servers in a scratch folder: some minutes
make bench ARGS="commands lists"             those alone
make bench ARGS="--quick"                    commands, tap and sockets in small sizes, which is a part of `make test`:
                                             to see that they work; their figures say little
make bench ARGS="--quick lists"              another row in a small size
make bench ARGS="--json figures.json"        for machines, beside what is printed (- prints nothing else)

It ends with 0 also where a goal is missed: that is a finding, not a fault. What could not be measured ends with 1.
"""

import argparse
import importlib
import resource
import sys
import tempfile
import time
import traceback
from collections.abc import Collection, Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import msgspec
import uvloop

from local.stack import SERVICES
from shared import logs
from tests.bench.figures import HEAD, Figure
from tests.bench.stage import Stage, stage


class Row(NamedTuple):
    """Measured by `measure` of the module of that name, which answers its figures.

    needs  services that run when it begins, on the stage that it is given; None: it gets a folder, and starts its own
    """

    what: str
    needs: tuple[str, ...] | None = None


ROWS = {
    "tap": Row("from a technician's tap to the admin's screen, at 50 a second", SERVICES),
    "sockets": Row("one notification to 1,000 sockets", ("notifier",)),
    "commands": Row("commands a second through HTTP, at one `tasks` process", ("notifier", "tasks")),
    "refold": Row("folding reporting from JetStream anew"),
    "lists": Row("each list at 1,000,000 tasks and at 20,000"),
    "start": Row("`make up`: the second start, and all of it idle"),
}
QUICK = ("tap", "sockets", "commands")
ON_NO_WAY = ("invoices", "reporting")
"""Services that none of these rows waits for: in small sizes they are not started, which takes seconds."""


def main() -> int:
    arguments = _arguments()
    logs.for_people()
    _open_many_files()
    wanted = arguments.rows or (QUICK if arguments.quick else ROWS)
    rows = [row for row in ROWS if row in wanted]
    figures = uvloop.run(_measured(rows, quick=arguments.quick, quiet=arguments.json == "-"))
    broken = [row for row in rows if row not in figures]
    if arguments.json:
        _write(arguments.json, figures, broken, quick=arguments.quick)
    if broken:
        print(f"Not measured: {', '.join(broken)}.", file=sys.stderr)
    return 1 if broken else 0


async def _measured(rows: list[str], *, quick: bool, quiet: bool) -> dict[str, list[Figure]]:
    """The figures of each row, told as they come; without those that broke.

    In small sizes the rows share a stage: each ends the services that it has no use for, and in the order of
    `ROWS` the next one finds its own.
    """
    figures: dict[str, list[Figure]] = {}
    shared: Stage | None = None
    async with AsyncExitStack() as to_the_end:
        for row in rows:
            began = time.monotonic()
            try:
                async with AsyncExitStack() as to_its_end:
                    needs = ROWS[row].needs
                    if needs is None:
                        place: Stage | Path = _folder(row, to_its_end)
                    elif quick:
                        shared = place = shared or await _stage(rows, to_the_end, without=ON_NO_WAY)
                    else:
                        place = await _stage([row], to_its_end)
                    module = importlib.import_module(f"tests.bench.{row}")
                    figures[row] = await module.measure(place, quick)
            except Exception:
                traceback.print_exc()
            else:
                if not quiet:
                    _tell(row, figures[row], time.monotonic() - began, quick=quick)
    return figures


async def _stage(rows: Iterable[str], until: AsyncExitStack, without: Collection[str] = ()) -> Stage:
    """With whatever one of the rows needs."""
    needed = {name for row in rows for name in ROWS[row].needs or ()}
    services = [name for name in SERVICES if name in needed and name not in without]
    return await until.enter_async_context(stage(_folder("stage", until), services))


def _folder(name: str, until: AsyncExitStack) -> Path:
    folder = Path(until.enter_context(tempfile.TemporaryDirectory(prefix=f"callout-bench-{name}-")))
    folder.chmod(0o711)  # as root, the servers' own user has to pass
    return folder


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=__doc__,
        epilog="rows:\n" + "\n".join(f"  {name:<9} {row.what}" for name, row in ROWS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("rows", nargs="*", metavar="row", help="which to measure (default: all)")
    parser.add_argument("--quick", action="store_true", help=f"small sizes (default: {', '.join(QUICK)})")
    parser.add_argument("--json", metavar="FILE", help="write the figures as JSON too; - for standard output")
    arguments = parser.parse_args()
    if unknown := set(arguments.rows) - set(ROWS):
        parser.error(f"there is no row {', '.join(sorted(unknown))}; choose from {', '.join(ROWS)}")
    return arguments


def _open_many_files() -> None:
    """Thousands of sockets are open at once, here and in the processes that are started."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _tell(row: str, figures: list[Figure], seconds: float, *, quick: bool) -> None:
    """In small sizes without a verdict: they are too small for one."""
    print(f"\n{row}: {ROWS[row].what}   ({seconds:.0f} s)\n{HEAD}")
    for figure in figures:
        print(figure.line if quick else f"{figure.line}{figure.verdict}")
    for told in dict.fromkeys(f"{each.against}: {each.notes}".removeprefix(": ") for each in figures):
        print(f"    {told}")
    sys.stdout.flush()


def _write(where: str, figures: dict[str, list[Figure]], broken: list[str], *, quick: bool) -> None:
    told = {
        "quick": quick,
        "broken": broken,
        "rows": {row: [each.plain for each in of] for row, of in figures.items()},
    }
    text = msgspec.json.format(msgspec.json.encode(told))
    if where == "-":
        print(text.decode())
    else:
        Path(where).write_bytes(text + b"\n")


if __name__ == "__main__":
    sys.exit(main())
