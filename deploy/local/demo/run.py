"""`callout demo`: from an empty folder to a month of work, and a clean stop."""

import argparse
import asyncio
import os
import time
from collections.abc import Collection
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from local.access import read_access
from local.demo.clock import StoryClock
from local.demo.desk import Desk
from local.demo.people import ADDRESS, COMPANY, TAX_ID
from local.demo.play import Play
from local.demo.pocket import pockets
from local.demo.story import OWNER, Story, story
from local.demo.under_way import until_quiet
from local.installation import PRACTICE, settings
from local.phone import PRACTICE_TOKEN
from local.phone.app import serve_phone
from local.phone.rules import LIFTED
from local.servers import Servers
from local.stack import Stack
from local.trouble import CannotStart
from shared import clock

DEMO_DATA = Path("demo")
LIVELY = ("notifier", "bot-gateway", "tasks", "invoices")
"""They act. Reporting only listens: at the end it takes the month in much faster, in large batches."""

LIMITS = replace(LIFTED, answer_seconds=timedelta(hours=1).total_seconds())
"""On the story's clock minutes may go by until a tap is answered."""

PACE = 1000.0  # times Telegram's limits: the practice phone lifts them


async def demo(arguments: argparse.Namespace) -> None:
    data: Path = arguments.data
    _refuse(data)
    began = time.monotonic()
    told = story(
        datetime.now(UTC),
        days=arguments.days,
        tasks=arguments.tasks,
        technicians=arguments.technicians,
        invoices=arguments.invoices,
        seed=arguments.seed,
    )
    print(
        f"Playing {arguments.tasks} tasks of {arguments.days} days in {data.absolute()}: "
        f"{len(told.steps)} steps, by the clock of {told.place.zone} …",
        flush=True,
    )
    password = await _played(told, data)
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    print(_farewell(data, password, f"{minutes} min {seconds} s"), flush=True)


def _refuse(data: Path) -> None:
    if os.environ.get("CALLOUT_TELEGRAM_API", PRACTICE) != PRACTICE:
        raise CannotStart("A demo is played on the practice phone. Unset CALLOUT_TELEGRAM_API.")
    if read_access(data) is not None:
        raise CannotStart(
            f"There is a Callout in {data.absolute()} already, and a demo begins with an empty folder. "
            "Name another one with --data, or remove this one."
        )


async def _played(told: Story, data: Path) -> str:
    """Plays the story, stops everything, and answers the owner's password."""
    async with AsyncExitStack() as stack:
        now = StoryClock(told.since)
        stack.enter_context(clock.running_on(now))
        servers = await stack.enter_async_context(Servers(data))
        address = await stack.enter_async_context(
            serve_phone(data / "phone.sqlite3", limits=LIMITS, now=now.seconds)
        )
        access = settings(servers.access, data, telegram_api=address, telegram_pace=PACE)
        callout = Stack(access)
        await _start(callout, LIVELY, stack)
        phones = await stack.enter_async_context(pockets(address))
        desk = await stack.enter_async_context(Desk(callout, [callout.services[name] for name in LIVELY]))
        password = await _opened(callout, desk, told)
        await Play(callout, now, desk, phones, lambda line: print(line, flush=True)).play(told)
        print("  Taking it all in …", flush=True)
        await _start(callout, [name for name in callout.services if name not in LIVELY], stack)
        await until_quiet(callout, phones)
        return password


async def _start(callout: Stack, names: Collection[str], until: AsyncExitStack) -> None:
    """Starts these services, and stops them at the end of `until`."""
    for name in names:
        await callout.services[name].start()
        until.push_async_callback(callout.services[name].stop)
    while set(names) & set(callout.waiting_for()):
        await asyncio.sleep(0.01)


async def _opened(callout: Stack, desk: Desk, told: Story) -> str:
    """The owner comes first, says who the company is, and connects the practice phone's bot."""
    from notifier.app import first_owner

    password = await first_owner(callout.services["notifier"])
    assert password is not None  # the folder was empty
    desk.give_password(OWNER, password)
    await desk.log_in(OWNER)
    company = {"company": COMPANY, "address": ADDRESS, "tax_id": TAX_ID}
    where = {"currency": told.place.currency, "time_zone": told.place.zone}
    await desk.ask(OWNER, "PUT", "/api/site", await desk.ask(OWNER, "GET", "/api/site") | company | where)
    await desk.ask(OWNER, "PUT", "/api/telegram/token", {"token": PRACTICE_TOKEN})
    await desk.log_out(OWNER)
    return password


def _farewell(data: Path, password: str, took: str) -> str:
    return f"""
  The month is in {data.absolute()} ({took}).
  Look at it:              callout up --data {data}
  The owner's login:       {OWNER} / {password}   (shown this once)
"""
