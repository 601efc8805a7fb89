"""Row → screen: rows → Structs, in hand-written SQL."""

from .lists import COUNTED, Card, Column, Key, Wanted, board, key_of, tasks
from .people import (
    ClientView,
    Technician,
    client,
    clients,
    clients_called,
    contact,
    erase_contact,
    newcomer,
    store_contact,
    tasks_of,
    technician,
    technicians,
    was_kept,
)
from .rows import Newcomer
from .work import TaskView, lock_tasks_of, offers, on_its_way, task

__all__ = [
    "COUNTED",
    "Card",
    "ClientView",
    "Column",
    "Key",
    "Newcomer",
    "TaskView",
    "Technician",
    "Wanted",
    "board",
    "client",
    "clients",
    "clients_called",
    "contact",
    "erase_contact",
    "key_of",
    "lock_tasks_of",
    "newcomer",
    "offers",
    "on_its_way",
    "store_contact",
    "task",
    "tasks",
    "tasks_of",
    "technician",
    "technicians",
    "was_kept",
]
