"""`make compose-check`: the whole of `docker compose up`, for real, on a clean copy of the project.

It builds the image, starts everything, plays the workflow through the proxy, replaces the version under load, scales
out, kills replicas, backs up and restores. Where there is no Docker engine it says so and ends.

--from REV   begin with that older version, and upgrade from it (default: the same under another name)
--revision   what to check (default: the working tree)
--keep       leave the installation running
--no-build   take the images of the last run
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path

from tests.compose import checks
from tests.compose.cluster import a_bus_of_three_survives_one
from tests.compose.engine import Compose, Failed, copy_of, run, why_not

BASE = "python:3.13-slim"


async def main(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        here = copy_of(arguments.revision, Path(scratch) / "callout")
        compose = Compose(here, arguments.port)
        compose.configure()
        if not arguments.no_build:
            await told("The image", image(here, "check"))
        await told("It is lean", checks.image_is_lean("callout:check", BASE, compose))
        await told("A missing secret is named", checks.a_missing_secret_is_named(compose))
        if arguments.begin:
            older = copy_of(arguments.begin, Path(scratch) / "older")
            await told(f"The image of {arguments.begin}", image(older, "older"))
        else:
            older = copy_of(arguments.revision, Path(scratch) / "older")
            await run("docker", "tag", "callout:check", "callout:older", folder=here)
        compose = Compose(older, arguments.port)
        compose.configure()
        compose.version = "older"
        await compose("down", "--volumes", "--remove-orphans")
        try:
            await under_compose(compose, here)
        except AssertionError:
            print(
                "\nWhat the proxy says:",
                *(await compose("logs", "proxy", "--tail", "20")).splitlines(),
                sep="\n",
            )
            raise
        else:
            if not arguments.keep:
                await compose("down", "--volumes")
                await told("A bus of three survives one", a_bus_of_three_survives_one(compose))
        finally:
            if not arguments.keep:
                await compose("down", "--volumes", "--remove-orphans")
    print("All of it holds.", flush=True)


async def under_compose(compose: Compose, newer: Path) -> None:
    await compose.ask_without_wget()
    await told("Started from nothing", compose.up())
    async with checks.reached(compose) as callout:
        await told("The workflow", checks.the_workflow_runs(callout))

        async def upgraded() -> None:
            compose.version = "check"
            compose.take_over(newer)
            await compose.ask_without_wget()
            await compose.up()

        await told("An upgrade under load", checks.an_upgrade_loses_nothing(compose, callout, upgraded))
        await told("Closed", checks.containers_are_closed(compose))
        await told("Replicas", checks.replicas_share_the_work(compose, callout))
        await told("Any replica may die", checks.any_replica_may_die(compose, callout))
        await told("Nothing is dead", checks.nothing_is_dead(compose))
        await told("Permissions", checks.no_permission_was_missing(compose))
        await told("Backup and restore", checks.a_backup_restores_everything(compose, callout))
        await told("The doctor", checks.the_doctor_is_content(compose))


async def image(folder: Path, tag: str) -> None:
    await run(
        "docker", "build", "--network", "host", "-t", f"callout:{tag}", "-f", "deploy/Dockerfile", ".", folder=folder
    )  # fmt: skip


async def told(what: str, doing: Awaitable[str | None]) -> None:
    began = time.monotonic()
    print(f"{what} …", end=" ", flush=True)
    found = await doing
    print(f"{time.monotonic() - began:.1f} s. {found or ''}".rstrip(), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--from", dest="begin", metavar="REV")
    parser.add_argument("--revision", default=".", metavar="REV")
    parser.add_argument("--port", type=int, default=8940)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--no-build", action="store_true")
    if reason := why_not():
        print(f"Skipped: {reason}.")
        sys.exit(0)
    try:
        asyncio.run(main(parser.parse_args()))
    except (AssertionError, Failed) as failed:
        sys.exit(f"\n{failed}")
