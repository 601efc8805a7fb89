"""`make bench`: how fast Callout is, as ratios to the raw floor in the same run, because machines differ.

make bench                                   every row, on real servers in a scratch folder: some minutes
make bench ARGS="commands lists"             those alone
make bench ARGS="--quick"                    small sizes, to see that it works; its figures say little
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
from pathlib import Path

import msgspec
import uvloop

from shared import logs
from tests.bench.figures import HEAD, Figure

ROWS = {
    "commands": "commands a second through HTTP, at one `tasks` process",
    "tap": "from a technician's tap to the admin's screen, at 50 a second",
    "refold": "folding reporting from JetStream anew",
    "sockets": "one notification to 1,000 sockets",
    "lists": "each list at 1,000,000 tasks and at 1,000",
    "start": "`make up`: the second start, and all of it idle",
}
"""Module → what it measures; each has `measure(folder, quick)`, which answers its figures."""


def main() -> int:
    arguments = _arguments()
    logs.for_people()
    _open_many_files()
    quiet = arguments.json == "-"
    figures: dict[str, list[Figure]] = {}
    broken = []
    for row in arguments.rows or ROWS:
        began = time.monotonic()
        try:
            with tempfile.TemporaryDirectory(prefix=f"callout-bench-{row}-") as folder:
                Path(folder).chmod(0o711)  # as root, the servers' own user has to pass
                module = importlib.import_module(f"tests.bench.{row}")
                figures[row] = uvloop.run(module.measure(Path(folder), arguments.quick))
        except Exception:
            traceback.print_exc()
            broken.append(row)
        else:
            if not quiet:
                _tell(row, figures[row], time.monotonic() - began)
    if arguments.json:
        _write(arguments.json, figures, broken, quick=arguments.quick)
    if broken:
        print(f"Not measured: {', '.join(broken)}.", file=sys.stderr)
    return 1 if broken else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=__doc__,
        epilog="rows:\n" + "\n".join(f"  {name:<9} {what}" for name, what in ROWS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("rows", nargs="*", metavar="row", help="which to measure (default: all)")
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--json", metavar="FILE", help="write the figures as JSON too; - for standard output")
    arguments = parser.parse_args()
    if unknown := set(arguments.rows) - set(ROWS):
        parser.error(f"there is no row {', '.join(sorted(unknown))}; choose from {', '.join(ROWS)}")
    return arguments


def _open_many_files() -> None:
    """Thousands of sockets are open at once, here and in the processes that are started."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _tell(row: str, figures: list[Figure], seconds: float) -> None:
    print(f"\n{row}: {ROWS[row]}   ({seconds:.0f} s)\n{HEAD}")
    for figure in figures:
        print(figure.line)
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
