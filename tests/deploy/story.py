"""A week at Harbour & Hill Repairs: a little of everything that an installation can hold, played by those who use it.

python -m tests.deploy.story DATA DASHBOARD PHONE PASSWORD > told.json

It needs a Callout of any version that nobody has used yet (`callout up --data DATA`, with the secret of
tests/running.py), the addresses that this printed, and the owner's password. What it ends with is meant to be stopped
and kept at once: a message waits for its turn, a press can't be read, an event can't be applied.
"""

import asyncio
import base64
import sys
from pathlib import Path
from typing import Any

import httpx
import msgspec
from msgspec import Struct

from bot_gateway.telegram.receiver import HEADER
from bot_gateway.telegram.reception import PATH, webhook_secret
from local.access import OPERATOR, Access, read_access
from local.installation import settings
from local.nats_client import connected
from local.phone import BOT_ID
from local.stack import SERVICES
from tests.notifier.pictures import png
from tests.people import PATIENCE, Json, Office, Person, Phones, eventually

COMPANY = {
    "company": "Harbour & Hill Repairs",
    "address": "3 Rope Walk\nPorto",
    "tax_id": "PT 509 442 013",
    "currency": "EUR",
    "time_zone": "Europe/Lisbon",
}
BOILER = {
    "title": "Boiler makes no hot water",
    "description": "Third floor. The display shows E4.",
    "area": "Harbour district",
    "priority": "high",
    "scheduled_at": "2026-12-01T09:30:00+00:00",
}
OKONKWO = {
    "name": "Mrs. Okonkwo",
    "phone": "+44 20 7946 0018",
    "email": "okonkwo@example.org",
    "address": "12 Quay Street",
    "notes": "The dog is friendly; ring twice.",
}
PETROV = {
    "name": "Mr. Petrov",
    "phone": "+44 20 7946 0777",
    "address": "8 Mill Lane",
    "notes": "Key at the baker's.",
}
SILVA = {"name": "Dona Silva", "phone": "+351 22 555 0142", "address": "Rua das Flores 9"}
FORGOTTEN = {"name": "Mr. Soon Forgotten", "phone": "+1 555 0100", "address": "1 Lethe Road"}
LINES = [
    {"description": "Two hours", "quantity": "2.5", "unit_price": "64.00"},
    {"description": "Pump", "quantity": "1", "unit_price": "89.90"},
]
UNKNOWN = {
    "id": "0198c1f2-7b1e-7a52-9c3e-77a1b2c3d4e5",
    "stream": "invoice.77",
    "version": 1,
    "type": "InvoiceFramed",
    "schema": 1,
    "at": "2026-11-30T10:00:00Z",
    "actor": "admin:anna",
    "data": {"type": "InvoiceFramed", "frame": "oak"},
}
"""An event of which no version has heard."""


class Told(Struct, kw_only=True):
    """What the story came to: by whom or what in its words → what Callout calls it, and the secrets that it gave out.

    cookie  of a session that Anna left open
    """

    people: dict[str, int] = {}
    tasks: dict[str, int] = {}
    clients: dict[str, int] = {}
    invoices: dict[str, int] = {}
    passwords: dict[str, str] = {}
    tokens: dict[str, str] = {}
    cookie: str = ""


class Story:
    def __init__(self, office: Office, phones: Phones) -> None:
        self.office = office
        self.phones = phones
        self.people: dict[str, Person] = {}
        self.told = Told()

    async def play(self) -> None:
        await self._open()
        await self._hire()
        await self._join()
        await self._work()
        await self._bill()
        await self._forget()

    # ── The office ───────────────────────────────────────────────────────────

    async def _open(self) -> None:
        office = self.office
        await office.call("PUT", "/api/site", await office.get("/api/site") | COMPANY)
        await office.call("PUT", "/api/site/logo", {"image": base64.b64encode(png()).decode()})

    async def _hire(self) -> None:
        office, told = self.office, self.told
        for login, name, role in (
            ("anna", "Anna Lind", "dispatcher"),
            ("viktor", "Viktor Brandt", "viewer"),
            ("bo", "Bo Falk", "dispatcher"),
            ("olga", "Olga Berg", "owner"),
        ):
            added = await office.post("/api/admins", {"login": login, "name": name, "role": role})
            told.passwords[login] = added["password"]
        await office.call("PATCH", "/api/admins/bo", {"enabled": False})
        for name, role in (("erp", "dispatcher"), ("wall screen", "viewer"), ("old erp", "dispatcher")):
            told.tokens[name] = (await office.post("/api/tokens", {"name": name, "role": role}))["token"]
        await office.call("DELETE", "/api/tokens/old erp")
        async with browser(office.addresses["notifier"]) as anna:
            told.cookie = await log_in(anna, "anna", told.passwords["anna"])

    # ── The technicians ──────────────────────────────────────────────────────

    async def _join(self) -> None:
        for name, username, language in (
            ("Sami Haddad", "sami_fixes", "en"),
            ("Nadia Karam", None, "ar"),
            ("Rita Moreau", "rita", "en"),
            ("Tomas Lind", "tomas", "en"),
            ("Lena Fischer", None, "en"),
            ("Omar Aziz", "omar", "en"),
        ):
            person = await self.phones.person(name, username, language=language)
            await person.start()
            await self.office.knows(person)
            self.people[name] = person
            self.told.people[name] = person.id
        for name in self.people:
            if name != "Rita Moreau":
                await self.office.post(f"/api/technicians/{self._id(name)}/review")
        note = {"name": "Nadia K.", "note": "Lifts and locks. Not before nine."}
        await self.office.call("PATCH", f"/api/technicians/{self._id('Nadia Karam')}", note)
        await self._pause("Lena Fischer")

    def _id(self, name: str) -> int:
        return self.people[name].id

    async def _pause(self, name: str) -> None:
        await self.office.call("PATCH", f"/api/technicians/{self._id(name)}", {"status": "deactivated"})
        await self.office.knows(self.people[name], "deactivated")

    # ── The tasks ────────────────────────────────────────────────────────────

    async def _work(self) -> None:
        office = self.office
        for name, contact in (
            ("okonkwo", OKONKWO),
            ("petrov", PETROV),
            ("silva", SILVA),
            ("forgotten", FORGOTTEN),
        ):
            self.told.clients[name] = (await office.post("/api/clients", contact))["id"]
        await self._create("new", "silva", title="Window does not close", scheduled_at=None)
        await self._create("assigned", "silva", "Rita Moreau", title="Tap drips", priority="low")
        await self._accepted("completed", "okonkwo", "Sami Haddad")
        await self._completed("completed")
        await self._accepted("of the forgotten", "forgotten", "Sami Haddad", title="Lamp flickers")
        await self._completed("of the forgotten")
        await self._accepted("in progress", "silva", "Sami Haddad", title="Drain is blocked")
        await self._informed("in progress", "silva")
        await self._accepted("exchanged", "okonkwo", "Sami Haddad", title="Heating stays cold")
        await self._informed("exchanged", "okonkwo")
        await office.call("PATCH", self._task("exchanged"), {"client_id": self.told.clients["petrov"]})
        await self._accepted("accepted", "okonkwo", "Sami Haddad", title="Socket has no power")
        await self._sent("sent", "petrov", "Nadia Karam", title="Lift stands still")
        await self._rejected()
        await self._withdrawn()
        await self._create("cancelled", "petrov", title="Lock is stiff")
        await office.call("PUT", f"{self._task('cancelled')}/status", {"status": "cancelled"})
        await self._create("deleted", "petrov", title="Made by mistake")
        await office.call("DELETE", self._task("deleted"))

    def _task(self, name: str) -> str:
        return f"/api/tasks/{self.told.tasks[name]}"

    async def _create(self, name: str, client: str, technician: str = "", **more: Any) -> None:
        body = BOILER | {"client_id": self.told.clients[client]} | more
        if technician:
            body["technician_id"] = self._id(technician)
        self.told.tasks[name] = (await self.office.post("/api/tasks", body))["id"]

    async def _sent(self, name: str, client: str, technician: str, **more: Any) -> Json:
        """The message that the technician has of it."""
        await self._create(name, client, technician, **more)
        await self.office.post(f"{self._task(name)}/dispatch")
        await self.office.sees_task(self.told.tasks[name], delivery__task_info="sent")
        return await self.people[technician].sees(f"#{self.told.tasks[name]}")

    async def _accepted(self, name: str, client: str, technician: str, **more: Any) -> None:
        await self._sent(name, client, technician, **more)
        await self._press(name, technician, "accept")
        await self.office.sees_task(self.told.tasks[name], status="accepted")

    async def _press(self, name: str, technician: str, action: str) -> None:
        """By what a button carries, which is the same in every language."""
        person, data = self.people[technician], f"t:{self.told.tasks[name]}:1:{action}"
        message = next(each for each in reversed(await person.messages()) if data in _carried(each))
        await person.taps(message, data)

    async def _informed(self, name: str, client: str) -> None:
        await self.office.post(f"{self._task(name)}/client-info")
        await self.office.sees_task(self.told.tasks[name], status="in_progress", delivery__client_info="sent")

    async def _completed(self, name: str) -> None:
        await self._informed(name, "")
        await self._press(name, "Sami Haddad", "complete")
        await self.office.sees_task(self.told.tasks[name], status="completed")

    async def _rejected(self) -> None:
        rita = self.people["Rita Moreau"]
        await self._sent("rejected", "silva", "Rita Moreau", title="Gate squeaks")
        await self._press("rejected", "Rita Moreau", "reject")
        await self.office.sees_task(self.told.tasks["rejected"], status="rejected")
        before = len(await rita.messages())
        await rita.says("My ladder is too short for that gate.")

        async def answered() -> bool:
            return len(await rita.messages()) > before

        await eventually(answered)

    async def _withdrawn(self) -> None:
        """Omar had it, then Lena should have it, who is paused; so Rita is asked."""
        await self._sent("withdrawn", "petrov", "Omar Aziz", title="Bell is silent")
        await self.office.post(
            f"{self._task('withdrawn')}/assignment", {"technician_id": self._id("Rita Moreau")}
        )
        await self.office.post(f"{self._task('withdrawn')}/dispatch")
        await self.office.sees_task(self.told.tasks["withdrawn"], offer=2, delivery__task_info="sent")

    # ── The invoices ─────────────────────────────────────────────────────────

    async def _bill(self) -> None:
        """Three of one task: sent and owed, paid, and void; one of the task whose client is forgotten; one deleted."""
        office, number = self.office, self.told.tasks["completed"]
        for name in ("pending", "paid", "void", "deleted"):
            self.told.invoices[name] = await self._invoice(number)
        forgotten = await self._invoice(self.told.tasks["of the forgotten"])
        self.told.invoices["of the forgotten"] = forgotten
        await self._bring("pending")
        await self._bring("of the forgotten")
        for name in ("paid", "void"):
            await office.call("PUT", f"/api/invoices/{self.told.invoices[name]}/status", {"status": name})
        await office.call("DELETE", f"/api/invoices/{self.told.invoices['deleted']}")

    async def _invoice(self, task: int) -> int:
        made = await self.office.bills(task, {"currency": "EUR", "lines": LINES, "tax_percent": "23"})
        return int(made["id"])

    async def _bring(self, name: str) -> None:
        await self.office.post(f"/api/invoices/{self.told.invoices[name]}/dispatch")

        async def arrived() -> bool:
            shown = await self.office.get(f"/api/invoices/{self.told.invoices[name]}")
            return bool(shown["delivery"] and shown["delivery"]["state"] == "sent")

        await eventually(arrived)

    # ── Who goes, and what is left over ──────────────────────────────────────

    async def _forget(self) -> None:
        """Mr. Forgotten is erased; Omar is deleted; Tomas blocks the bot, of which the office hears by a message."""
        await self.office.call("DELETE", f"/api/clients/{self.told.clients['forgotten']}")
        await self.office.call("DELETE", f"/api/technicians/{self._id('Omar Aziz')}")
        await self.people["Tomas Lind"].blocks()
        await self._create("not delivered", "silva", "Tomas Lind", title="Shutter is stuck")
        await self.office.post(f"{self._task('not delivered')}/dispatch")
        await self.office.sees_task(self.told.tasks["not delivered"], delivery__task_info="failed")

    async def leave_waiting(self) -> None:
        """Telegram asks for a minute, in which a message to Nadia waits."""
        await self.phones.weather({"kind": "429", "method": "sendMessage", "times": 1, "retry_after": 60})
        await self._create("queued", "silva", "Nadia Karam", title="Key is broken off")
        await self.office.post(f"{self._task('queued')}/dispatch")

        async def told_to_wait() -> bool:
            return not (await self.phones.http.get("/phone/weather")).json()["storms"]

        await eventually(told_to_wait)


def _carried(message: Json) -> list[str]:
    return [button["data"] for row in message["buttons"] for button in row]


# ── What no person does ──────────────────────────────────────────────────────


async def unreadable_update(http: httpx.AsyncClient, data: Path, access: Access, chat: int) -> None:
    """One that is not as the Bot API describes it, in the way in which Telegram brings them."""
    secret = webhook_secret(settings(access, data)["bot-gateway"], BOT_ID)
    message = {
        "message_id": "the first",
        "date": "yesterday",
        "chat": {"id": chat, "type": "private"},
        "text": "Hello",
    }
    answer = await http.post(
        f"{PATH}/{BOT_ID}", headers={HEADER: secret}, json={"update_id": 1, "message": message}
    )
    assert answer.is_success, answer.text


async def unknown_event(access: Access) -> None:
    """Those who fold invoices set it aside."""
    async with connected(access.nats_url(OPERATOR)) as client:
        await client.jetstream().publish("events.invoice.77.framed", msgspec.json.encode(UNKNOWN), timeout=10)


async def known_to_be_set_aside(office: Office) -> None:
    async def told() -> bool:
        feed = await office.get("/api/notifications?limit=100")
        return any("InvoiceFramed" in msgspec.json.encode(each).decode() for each in feed["items"])

    await eventually(told)


# ── Browsers ─────────────────────────────────────────────────────────────────


def browser(address: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=address, headers={"Origin": address}, timeout=PATIENCE)


async def log_in(http: httpx.AsyncClient, login: str, password: str) -> str:
    """The session's cookie; empty where nobody is let in."""
    answer = await http.post("/login", data={"login": login, "password": password})
    return answer.cookies.get("callout_session") or ""


async def main(data: Path, dashboard: str, phone: str, password: str) -> None:
    access = read_access(data)
    assert access
    async with browser(dashboard) as owner, httpx.AsyncClient(base_url=phone, timeout=PATIENCE) as people:
        assert await log_in(owner, "owner", password), "the owner's password does not fit"
        made = await owner.post("/api/tokens", json={"name": "story", "role": "owner"})
        office = Office(dict.fromkeys(SERVICES, dashboard), made.json()["token"])
        story = Story(office, Phones(phone, people))
        story.told.passwords["owner"] = password
        story.told.tokens["story"] = office.token
        await story.play()
        await story.leave_waiting()
        await unreadable_update(owner, data, access, story.told.people["Sami Haddad"])
        await unknown_event(access)
        await known_to_be_set_aside(office)
        await office.close()
    print(msgspec.json.format(msgspec.json.encode(story.told)).decode())


if __name__ == "__main__":
    folder, *others = sys.argv[1:]
    asyncio.run(main(Path(folder), *others))
