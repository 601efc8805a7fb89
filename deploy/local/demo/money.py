"""The invoices of the story: what work was billed, and which bills were paid."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from local.demo import words
from local.demo.crew import Crew
from local.demo.office import Office
from local.demo.people import CLERKS
from local.demo.steps import Bill, PutAside, SendBill, Settle, Step
from shared.contract.invoice import InvoiceLine, InvoiceStatus

SENT, PAID, VOID = 0.85, 0.9, 0.03  # of all; the rest stays open, and is overdue one day
KEEPER = CLERKS[-1].login


class Done(Struct, frozen=True):
    """A completed task, and who did it."""

    task: int
    at: datetime
    technician: int
    job: words.Job


def bills(
    completed: Sequence[Done],
    wanted: int,
    office: Office,
    crew: Crew,
    now: datetime,
    dice: random.Random,
) -> list[Step]:
    """As many as wanted, as far as there are completed tasks that were billed before now; the rest needs no bill."""
    billable = []
    for done in completed:
        at = office.accounts(done.at + timedelta(hours=dice.triangular(0.2, 30, 2)))
        if at <= now:
            billable.append((at, done))
    chosen = sorted(dice.sample(billable, min(wanted, len(billable))), key=lambda bill: bill[0])
    chosen_tasks = {done.task for _, done in chosen}
    made: list[Step] = [
        PutAside(at, KEEPER, done.task) for at, done in billable if done.task not in chosen_tasks
    ]
    for number, (at, done) in enumerate(chosen):
        due = at.date() + timedelta(days=dice.choice((7, 7, 10, 14)))
        made.append(
            Bill(
                at,
                KEEPER,
                number,
                done.task,
                _lines(done.job, dice),
                dice.choice(("19", "19", "19", "7", "0")),
                due,
            )
        )
        sent = at + timedelta(seconds=dice.uniform(20, 300))
        if dice.random() < SENT and crew.is_reached(done.technician, sent):
            made.append(SendBill(sent, KEEPER, number))
        settled = office.accounts(at + timedelta(days=min(dice.lognormvariate(1.3, 0.7), 25), minutes=10))
        fate = dice.random()
        if fate < PAID:
            made.append(Settle(settled, KEEPER, number, InvoiceStatus.PAID))
        elif fate < PAID + VOID:
            made.append(Settle(settled, KEEPER, number, InvoiceStatus.VOID))
    return made


def _lines(job: words.Job, dice: random.Random) -> tuple[InvoiceLine, ...]:
    what, price = dice.choice(words.CALL_OUT)
    lines = [InvoiceLine(what, Decimal(1), Decimal(price))]
    what, price = dice.choices(words.LABOUR, (6, 3, 1))[0]
    lines.append(InvoiceLine(what, Decimal(dice.randint(2, 18)) / 4, Decimal(price)))
    for what, price in job.parts:
        if dice.random() < 0.7:
            lines.append(InvoiceLine(what, Decimal(dice.choices((1, 2, 3), (8, 2, 1))[0]), Decimal(price)))
    return tuple(lines)
