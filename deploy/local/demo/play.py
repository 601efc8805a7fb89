"""Plays a story against a whole Callout: each step is the command that a person would cause.

Steps begin one after the other, each at its own moment on the story's clock. Each may still be under way when
others begin, with all that it sets off (a message to Telegram, its delivery), but for no longer than its `leash` on
that clock, so that what it writes down carries a believable time. What belongs together never overlaps: see `threads`.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from operator import itemgetter
from typing import assert_never

import msgspec

from local.demo import words
from local.demo.bell import Bell
from local.demo.clock import StoryClock
from local.demo.desk import Desk
from local.demo.pocket import Pockets
from local.demo.steps import (
    Accept,
    Alone,
    Assign,
    Bill,
    Block,
    Cancel,
    ComeBack,
    Complete,
    Create,
    Edit,
    Hire,
    Join,
    LetGo,
    LogIn,
    LogOut,
    OfInvoice,
    OfTask,
    PutAside,
    Reject,
    Review,
    Send,
    SendBill,
    SendClient,
    Settle,
    Together,
    Vanish,
)
from local.demo.story import Story
from local.demo.under_way import until_delivered
from local.stack import Stack

AT_ONCE = 16  # steps


def leash(step: Together) -> timedelta:
    """How long a step may be under way on the story's clock. A document takes its time in real life too."""
    return timedelta(minutes=12 if isinstance(step, SendBill) else 3)


def threads(step: Together) -> list[tuple[str, int | str]]:
    """What a step is about. Steps about the same come one after the other."""
    match step:
        case LogIn():
            return [("desk", step.clerk)]
        case Create():
            return [("task", step.task), ("client", step.client)]
        case Accept() | Reject() | Complete():
            return [("task", step.task), ("phone", step.technician)]
        case Bill():
            return [("task", step.task), ("invoice", step.invoice)]
        case SendBill() | Settle():
            return [("invoice", step.invoice)]
        case _:
            return [("task", step.task)]


class Play:
    def __init__(
        self, stack: Stack, clock: StoryClock, desk: Desk, phones: Pockets, say: Callable[[str], None]
    ) -> None:
        """say  is told of every day that is over"""
        self._stack = stack
        self._clock = clock
        self._desk = desk
        self._bell = Bell(desk)
        self._phones = phones
        self._say = say
        self._tasks: dict[int, int] = {}
        self._offers: dict[int, int] = {}
        self._holders: dict[int, int] = {}
        self._clients: dict[int, int] = {}
        self._invoices: dict[int, int] = {}
        self._under_way: list[tuple[datetime, asyncio.Task[None]]] = []
        self._latest: dict[tuple[str, int | str], asyncio.Task[None]] = {}

    async def play(self, story: Story) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                await self._begin_all(story, group)
        except* Exception as several:  # the first is what went wrong; the others, what came of it
            raise several.exceptions[0] from None

    async def _begin_all(self, story: Story, group: asyncio.TaskGroup) -> None:
        day, steps = story.since.date(), 0
        for step in story.steps:
            if step.at.date() != day:
                self._say(f"  {day:%a %d %b}   {steps:>4} steps")
                day, steps = step.at.date(), 0
            if isinstance(step, Alone):
                await self._finish(None)
                self._clock.move(step.at)
                await self._alone(step)
            else:
                await self._finish(step.at)
                self._clock.move(step.at)
                self._begin(step, group)
            steps += 1
        await self._finish(None)
        self._say(f"  {day:%a %d %b}   {steps:>4} steps")

    async def _finish(self, now: datetime | None) -> None:
        """Waits for what must be over by now (None: for everything), and as long as there is too much at once."""
        self._under_way = sorted((each for each in self._under_way if not each[1].done()), key=itemgetter(0))
        while self._under_way and (
            now is None or self._under_way[0][0] <= now or len(self._under_way) >= AT_ONCE
        ):
            await self._under_way.pop(0)[1]

    def _begin(self, step: Together, group: asyncio.TaskGroup) -> None:
        before = [self._latest[thread] for thread in threads(step) if thread in self._latest]
        doing = group.create_task(self._after(before, step))
        self._latest |= dict.fromkeys(threads(step), doing)
        self._under_way.append((step.at + leash(step), doing))

    async def _after(self, before: list[asyncio.Task[None]], step: Together) -> None:
        for each in before:
            await each
        if isinstance(step, LogIn):
            await self._desk.log_in(step.clerk)
        elif isinstance(step, OfInvoice):
            await self._about_money(step)
        else:
            await self._about_task(step)

    async def _alone(self, step: Alone) -> None:
        match step:
            case Hire(_, clerk, who):
                body = {"login": who.login, "name": who.name, "role": who.role}
                added = await self._desk.ask(clerk, "POST", "/api/admins", body)
                self._desk.give_password(who.login, added["password"])
            case LogOut(_, clerk):
                await self._desk.log_out(clerk)
            case Join(_, who):
                await self._phones.join(who)
            case Review(_, clerk, technician, ""):
                await self._desk.ask(clerk, "POST", f"/api/technicians/{technician}/review")
            case Review(_, clerk, technician, note):
                await self._desk.ask(clerk, "PATCH", f"/api/technicians/{technician}", {"note": note})
            case LetGo(_, clerk, technician):
                body = {"status": "deactivated"}
                await self._desk.ask(clerk, "PATCH", f"/api/technicians/{technician}", body)
            case Block(_, technician):
                await self._phones.block(technician)
                await until_delivered(self._stack, self._phones)
            case ComeBack(_, technician):
                await self._phones.start(technician)
            case Vanish(_, technician):
                await self._phones.vanish(technician)
            case _:
                assert_never(step)

    async def _about_task(self, step: OfTask) -> None:
        if isinstance(step, Create):
            await self._create(step)
            return
        number = self._tasks[step.task]
        path = f"/api/tasks/{number}"
        match step:
            case Edit(_, clerk, _, details):
                body = {"description": details.description, "priority": details.priority}
                await self._desk.ask(clerk, "PATCH", path, body)
            case Assign(_, clerk, _, technician):
                await self._desk.ask(clerk, "POST", f"{path}/assignment", {"technician_id": technician})
                self._holders[step.task] = technician
            case Send(_, clerk, _, arrives):
                sent = await self._desk.ask(clerk, "POST", f"{path}/dispatch")
                self._offers[step.task] = sent["offer"]
                if arrives:
                    await self._phones.see(self._holders[step.task], self._button(step.task, "accept"))
                else:
                    await until_delivered(self._stack, self._phones)
            case SendClient(_, clerk):
                await self._desk.ask(clerk, "POST", f"{path}/client-info")
                await self._phones.see(self._holders[step.task], self._button(step.task, "complete"))
            case Cancel(_, clerk):
                await self._desk.ask(clerk, "PUT", f"{path}/status", {"status": "cancelled"})
            case PutAside(_, clerk):
                await self._bell.put_aside_completion(clerk, number)
            case Accept(_, technician):
                await self._phones.press(technician, self._button(step.task, "accept"))
            case Complete(_, technician):
                await self._phones.press(technician, self._button(step.task, "complete"))
            case Reject(_, technician, _, reason):
                await self._phones.press(technician, self._button(step.task, "reject"))
                await self._explain(technician, step.task, reason)
            case _:
                assert_never(step)

    async def _create(self, step: Create) -> None:
        details = step.details
        body = {
            "title": details.title,
            "description": details.description,
            "area": details.area,
            "priority": details.priority,
            "scheduled_at": details.scheduled_at.isoformat() if details.scheduled_at else None,
            "technician_id": step.technician,
        }
        if step.contact:
            body["client"] = msgspec.to_builtins(step.contact)
        else:
            body["client_id"] = self._clients[step.client]
        made = await self._desk.ask(step.clerk, "POST", "/api/tasks", body)
        self._tasks[step.task] = made["id"]
        if step.technician is not None:
            self._holders[step.task] = step.technician
        self._clients.setdefault(step.client, made["client"]["id"])

    async def _explain(self, technician: int, task: int, reason: str) -> None:
        """By one of the bot's quick choices, in words of their own, or not at all."""
        question = f"r:{self._tasks[task]}:{self._offers[task]}"
        if reason:
            await self._phones.see(technician, f"{question}:{words.FAR}")
        if reason in (words.FAR, words.NO_TIME):
            await self._phones.press(technician, f"{question}:{reason}")
        elif reason:
            await self._phones.reply(technician, f"{question}:{words.FAR}", reason)

    def _button(self, task: int, action: str) -> str:
        """What stands under the task's message of its latest offer."""
        return f"t:{self._tasks[task]}:{self._offers[task]}:{action}"

    async def _about_money(self, step: OfInvoice) -> None:
        if isinstance(step, Bill):
            body = {
                "task_id": self._tasks[step.task],
                "lines": msgspec.to_builtins(step.lines),
                "tax_percent": step.tax_percent,
                "due_on": step.due_on.isoformat(),
            }
            made = await self._desk.ask(step.clerk, "POST", "/api/invoices", body)
            self._invoices[step.invoice] = made["id"]
            return
        path = f"/api/invoices/{self._invoices[step.invoice]}"
        match step:
            case SendBill(_, clerk):
                sent = await self._desk.ask(clerk, "POST", f"{path}/dispatch")
                await self._phones.see_file(sent["technician"]["id"], f"invoice-{sent['id']}.pdf")
            case Settle(_, clerk, _, status):
                await self._desk.ask(clerk, "PUT", f"{path}/status", {"status": status})
            case _:
                assert_never(step)
