"""`callout`: starts it, and looks after it from a terminal."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from local import migrate, operations, up
from local.backup.commands import backup, restore
from local.backup.trouble import CannotRestore, CannotSave
from local.demo.run import DEMO_DATA, demo
from local.doctor.command import doctor
from local.installation import DEFAULT_DATA
from local.stack import SERVICES
from local.trouble import CannotStart
from shared import logs
from shared.contract.admin import Role
from shared.refusal import Refused
from shared.settings import SettingsError
from shared.version import VERSION

Run = Callable[[argparse.Namespace], Awaitable[None]]


def main() -> None:
    arguments = parser().parse_args()
    run: Run = arguments.run
    logs.for_people()
    try:
        with asyncio.Runner(loop_factory=up.fast_loop) as runner:
            runner.run(run(arguments))  # type: ignore[arg-type]
    except (CannotStart, CannotSave, CannotRestore, Refused, SettingsError) as told:
        sys.exit(f"callout: {told}")
    except KeyboardInterrupt:
        sys.exit(130)


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="callout", description="Dispatch field work through Telegram.")
    root.add_argument("--version", action="version", version=f"Callout {VERSION}")
    commands = root.add_subparsers(required=True, metavar="command")

    everything = _command(commands, "up", "start everything on this machine", up.up)
    everything.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    everything.add_argument("--port", type=int, default=8000, help="port of the dashboard (default: 8000)")
    _data(everything, DEFAULT_DATA)

    month = _command(commands, "demo", "fill a new folder with a month of work, by real commands", demo)
    month.add_argument("--days", type=_count, default=30, help="how long the story is (default: 30)")
    month.add_argument("--tasks", type=_count, default=2000)
    month.add_argument("--technicians", type=_count, default=30)
    month.add_argument("--invoices", type=int, default=800, help="at most (default: 800)")
    month.add_argument("--seed", type=int, default=1, help="another number, another story")
    _data(month, DEMO_DATA)

    one = _command(commands, "serve", "run one service, with its settings from the environment", up.serve)
    one.add_argument("service", choices=SERVICES)

    phone = _command(commands, "phone", "run the practice phone alone, in place of Telegram", up.phone)
    phone.add_argument("--host", default="127.0.0.1")
    phone.add_argument("--port", type=int, default=8001)
    phone.add_argument(
        "--known-as", action="append", default=[], help="a host name by which services reach it"
    )
    phone.add_argument("--file", type=Path, default=Path("phone.sqlite3"), help="where it keeps its chats")

    _command(commands, "migrate", "bring the databases up to date, before the services start", migrate.run)

    saved = _command(commands, "backup", "put everything into one file, while Callout runs or not", backup)
    saved.add_argument("file", help="- writes to standard output")
    saved.add_argument(
        "--encrypt", action="store_true", help="ask for a passphrase, where none is in the environment"
    )
    _passphrase_file(saved)
    _data(saved)

    loaded = _command(commands, "restore", "fill an empty installation from a backup", restore)
    loaded.add_argument("file", help="- reads standard input")
    loaded.add_argument(
        "--show-secret",
        action="store_true",
        help="restore nothing; print the secret that its data is encrypted with",
    )
    _passphrase_file(loaded)
    _data(loaded)

    admin = commands.add_parser("admin", help="logins").add_subparsers(required=True, metavar="action")
    added = _command(
        admin,
        "create",
        "print a new login and its password, which is shown this once",
        operations.create_admin,
    )
    added.add_argument("login")
    added.add_argument("--name", help="as others will see it (default: the login)")
    added.add_argument("--role", choices=list(Role), type=Role, default=Role.OWNER)
    _data(added)
    lost = _command(
        admin, "password", "print a new password in place of one that was lost", operations.new_password
    )
    lost.add_argument("login")
    _data(lost)

    looked = _command(commands, "doctor", "say what is wrong, and what to do; changes nothing", doctor)
    looked.add_argument("--json", action="store_true", help="for machines")
    _data(looked)

    token = commands.add_parser("token", help="API tokens").add_subparsers(required=True, metavar="action")
    create = _command(
        token, "create", "print a new API token, which is shown this once", operations.create_token
    )
    create.add_argument("name", help="what will use it, as admins will see it")
    create.add_argument("--role", choices=list(Role), type=Role, default=Role.DISPATCHER)
    create.add_argument("--days", type=_count, help="how long it lasts (default: until it is revoked)")
    _data(create)

    _data(_command(commands, "replay", "publish every event again, to a stream made anew", operations.replay))

    rebuild = _command(
        commands, "rebuild", "empty a service's folded tables and fill them again", operations.rebuild
    )
    rebuild.add_argument("service", choices=SERVICES)
    _data(rebuild)

    dead = commands.add_parser("dead-letters", help="events that could not be applied")
    actions = dead.add_subparsers(required=True, metavar="action")
    for name, text, run in (
        ("list", "show them with their errors", operations.list_dead_letters),
        ("retry", "apply them again, in order, after the fix", operations.retry_dead_letters),
    ):
        action = _command(actions, name, text, run)
        action.add_argument("--service", choices=SERVICES, help="only of this service (default: of each)")
        _data(action)

    aside = commands.add_parser("updates", help="updates from Telegram that could not be handled")
    actions = aside.add_subparsers(required=True, metavar="action")
    for name, text, run in (
        ("list", "show them with their errors", operations.list_updates),
        ("retry", "handle them again, in order, after the fix", operations.retry_updates),
    ):
        _data(_command(actions, name, text, run))
    return root


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str, run: Run
) -> argparse.ArgumentParser:
    made = commands.add_parser(name, help=text, description=text)
    made.set_defaults(run=run)
    return made


def _data(command: argparse.ArgumentParser, default: Path | None = None) -> None:
    command.add_argument("--data", type=Path, default=default, help=f"data folder (default: {DEFAULT_DATA})")


def _passphrase_file(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--passphrase-file",
        type=Path,
        help="holds the passphrase (default: CALLOUT_BACKUP_PASSPHRASE, if set)",
    )


def _count(given: str) -> int:
    if not given.isdecimal() or not int(given):
        raise argparse.ArgumentTypeError(f"{given!r} is no number above 0")
    return int(given)


if __name__ == "__main__":
    main()
