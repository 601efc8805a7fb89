"""API tokens: they end by themselves, tell of their use, and can be ended with whoever made them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
import pytest

from notifier.domain import (
    ChangeAdmin,
    ChangeRole,
    CreateToken,
    DisableAdmin,
    Team,
    TeamCommand,
    decide_team,
    evolve_team,
    made_by,
)
from shared.contract.admin import (
    AdminAdded,
    AdminDisabled,
    AdminEvent,
    AdminRoleChanged,
    ApiTokenCreated,
    ApiTokenRevoked,
    Role,
)
from shared.refusal import Refused, Why
from shared.web.sessions import SessionBook, digest
from tests.notifier.conftest import Running, add, bearer, log_in, status
from tests.people import A_SECOND, Json, eventually, took, within
from tests.sessions import knows

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
OWNER, ANNA = AdminAdded("owner", "Olga", Role.OWNER), AdminAdded("anna", "Anna", Role.OWNER)
HERS = ApiTokenCreated("erp", Role.DISPATCHER, "admin:anna")
MADE_WITH_HERS = ApiTokenCreated("night", Role.VIEWER, "token:erp")
OF_BEFORE = ApiTokenCreated("old", Role.OWNER)
SOMEBODY_ELSES = ApiTokenCreated("mine", Role.OWNER, "admin:owner")
TEAM = (OWNER, ANNA, HERS, MADE_WITH_HERS, OF_BEFORE, SOMEBODY_ELSES)
MAKERS = {"erp": "admin:anna", "night": "token:erp", "old": "admin:anna", "mine": "admin:owner"}

# ---- the rules


def given_team(events: Sequence[AdminEvent]) -> Team:
    team = Team()
    for event in events:
        team = evolve_team(team, event)
    return team


@pytest.mark.parametrize(
    ("command", "ended"),
    [
        (DisableAdmin("anna", end_tokens=True, makers=MAKERS), ["erp", "night", "old"]),
        (DisableAdmin("anna", end_tokens=True), ["erp", "night"]),
        (DisableAdmin("anna", makers=MAKERS), []),
        (ChangeRole("anna", Role.DISPATCHER, end_tokens=True, makers=MAKERS), ["old"]),
        (ChangeRole("anna", Role.VIEWER, end_tokens=True, makers=MAKERS), ["erp", "old"]),
        (ChangeRole("anna", Role.VIEWER, makers=MAKERS), []),
    ],
    ids=str,
)
def test_tokens_end_with_whoever_made_them(command: TeamCommand, ended: list[str]) -> None:
    """Where that is asked for: what was made with one of them too, and what was made before that was noted. A lesser
    role ends those alone that could do more."""
    first, *revoked = decide_team(command, given_team(TEAM))
    assert first in (AdminDisabled("anna"), AdminRoleChanged("anna", getattr(command, "role", Role.OWNER)))
    assert sorted(event.name for event in revoked if isinstance(event, ApiTokenRevoked)) == ended
    assert len(revoked) == len(ended)


def test_tokens_of_somebody_who_is_disabled_already_can_be_ended() -> None:
    """And not twice."""
    team = given_team((*TEAM, AdminDisabled("anna")))
    command = DisableAdmin("anna", end_tokens=True)
    events = decide_team(command, team)
    assert events == [ApiTokenRevoked("erp"), ApiTokenRevoked("night")]
    assert decide_team(command, given_team((*TEAM, AdminDisabled("anna"), *events))) == []


def test_a_change_of_role_and_standing_is_made_whole_or_not_at_all() -> None:
    """What one half refuses, the other has not done; a token ends once."""
    team = given_team(TEAM)
    command = ChangeAdmin("anna", Role.DISPATCHER, enabled=False, end_tokens=True, makers=MAKERS)
    events = decide_team(command, team)
    assert events[:3] == [
        AdminRoleChanged("anna", Role.DISPATCHER),
        ApiTokenRevoked("old"),
        AdminDisabled("anna"),
    ]
    assert events[3:] == [ApiTokenRevoked("erp"), ApiTokenRevoked("night")]
    alone = given_team((OWNER, AdminAdded("dan", "Dan", Role.VIEWER)))
    assert decide_team(ChangeAdmin("dan", Role.OWNER), alone) == [AdminRoleChanged("dan", Role.OWNER)]
    for refused in (ChangeAdmin("owner", Role.OWNER, enabled=False), ChangeAdmin("owner", Role.VIEWER, True)):
        with pytest.raises(Refused, match="last owner"):
            decide_team(refused, alone)


async def test_a_change_that_is_refused_changes_nothing(owner: httpx.AsyncClient) -> None:
    """An owner who makes themselves less is none any more, so could not have gone on to the other half."""
    await add(owner, "anna", "owner")
    answer = await owner.patch("/api/admins/owner", json={"role": "viewer", "enabled": False})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["role"], answer.json()["enabled"]) == ("viewer", False)


def test_a_circle_of_makers_ends() -> None:
    """A name that was used again may stand for its own maker's maker."""
    assert made_by("admin:anna", {"a": "admin:anna", "b": "token:a", "c": "token:b", "a2": "token:a2"}) == [
        "a",
        "b",
        "c",
    ]
    assert set(made_by("token:a", {"a": "token:b", "b": "token:a"})) == {"a", "b"}


@pytest.mark.parametrize(
    ("events", "maker", "role", "fits"),
    [
        (TEAM, "admin:anna", Role.OWNER, True),
        (TEAM, "token:erp", Role.DISPATCHER, True),
        (TEAM, "token:erp", Role.OWNER, False),
        (TEAM, "token:gone", Role.VIEWER, False),
        (TEAM, "service:command-line", Role.OWNER, True),
        ((*TEAM, AdminRoleChanged("anna", Role.DISPATCHER)), "admin:anna", Role.OWNER, False),
        ((*TEAM, AdminRoleChanged("anna", Role.DISPATCHER)), "admin:anna", Role.DISPATCHER, True),
        ((*TEAM, AdminDisabled("anna")), "admin:anna", Role.VIEWER, False),
        ((*TEAM, ApiTokenRevoked("erp")), "token:erp", Role.VIEWER, False),
    ],
)
def test_a_token_can_do_no_more_than_its_maker(
    events: Sequence[AdminEvent], maker: str, role: Role, fits: bool
) -> None:
    """As they are in that moment: a request that was let in before does not outlive what it was let in by."""
    command = CreateToken("new", role, maker)
    if fits:
        assert decide_team(command, given_team(events)) == [ApiTokenCreated("new", role, maker)]
    else:
        with pytest.raises(Refused) as refused:
            decide_team(command, given_team(events))
        assert refused.value.why is Why.FORBIDDEN


@pytest.mark.parametrize(
    ("end", "fits"),
    [
        (None, True),
        (NOW + timedelta(seconds=1), True),
        (NOW + timedelta(days=3650), True),
        (NOW, False),
        (NOW - timedelta(days=1), False),
        (NOW + timedelta(days=3651), False),
    ],
)
def test_a_token_ends_in_the_future(end: datetime | None, fits: bool) -> None:
    """Or never; one that has ended already would only look like one."""
    command = CreateToken("new", Role.VIEWER, "admin:anna", end, NOW)
    if fits:
        assert decide_team(command, given_team(TEAM)) == [
            ApiTokenCreated("new", Role.VIEWER, "admin:anna", end)
        ]
    else:
        with pytest.raises(Refused, match="in the future") as refused:
            decide_team(command, given_team(TEAM))
        assert "expires_at" in refused.value.fields


# ---- as people and programs see it


@asynccontextmanager
async def program(notifier: Running, secret: str) -> AsyncIterator[httpx.AsyncClient]:
    await knows(secret, notifier.service)
    async with httpx.AsyncClient(base_url=notifier.url, headers=bearer(secret)) as client:
        yield client


async def created(by: httpx.AsyncClient, name: str, **more: object) -> Json:
    answer = await by.post("/api/tokens", json={"name": name, "role": "viewer", **more})
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def shown(owner: httpx.AsyncClient, name: str) -> Json | None:
    items = (await owner.get("/api/tokens")).json()["items"]
    return next((each for each in items if each["name"] == name), None)


async def test_a_token_ends_by_itself(notifier: Running, owner: httpx.AsyncClient) -> None:
    """Everywhere, within a second of its time: its requests are refused and its sockets are closed."""
    names = (f"for a while {n}" for n in range(9))

    async def ended() -> float:
        end = datetime.now(UTC) + timedelta(seconds=2)
        name = next(names)
        secret = (await created(owner, name, expires_at=end.isoformat()))["token"]
        async with program(notifier, secret) as client, notifier.socket(**bearer(secret)) as socket:
            assert (await client.get("/api/site")).status_code == 200
            await eventually(partial(status, partial(client.get, "/api/site"), 401))
            await socket.wait_closed()
            late = (datetime.now(UTC) - end).total_seconds()
        assert late > 0
        token = await shown(owner, name)
        assert token
        assert token["expired"]
        assert "Expired" in (await owner.get("/settings/tokens")).text
        return late

    await within(1, ended)


@pytest.mark.parametrize("days", [30, 90, 365])
async def test_a_page_offers_how_long_it_lasts(owner: httpx.AsyncClient, days: int) -> None:
    """Days, or without an end; a token of before has none."""
    page = (await owner.get("/settings/tokens")).text
    assert f'<option value="{days}"' in page
    assert "Without end" in page
    form = {"name": "erp", "role": "viewer", "expires_in_days": str(days)}
    assert (await owner.post("/settings/tokens", data=form)).status_code == 200
    await owner.post("/settings/tokens", data={"name": "for ever", "role": "viewer", "expires_in_days": ""})
    erp, for_ever = await shown(owner, "erp"), await shown(owner, "for ever")
    assert erp
    assert for_ever
    left = datetime.fromisoformat(erp["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=days - 1) < left <= timedelta(days=days)
    assert (for_ever["expires_at"], for_ever["expired"]) == (None, False)
    page = (await owner.get("/settings/tokens")).text
    assert "ends by itself" in page
    assert "lasts until it is revoked" in page
    assert page.count("never used") == 2


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"expires_in_days": 0}, "expires_in_days"),
        ({"expires_in_days": 10**9}, "expires_in_days"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2030-01-01T00:00:00"}, "expires_at"),
        ({"expires_at": "2030-01-01T00:00:00Z", "expires_in_days": 5}, "expires_at"),
    ],
)
async def test_an_end_that_is_none_is_refused(owner: httpx.AsyncClient, more: Json, field: str) -> None:
    """With a sentence beside its field, and no token."""
    answer = await owner.post("/api/tokens", json={"name": "erp", **more})
    assert answer.status_code == 422
    assert field in answer.json()["fields"]
    assert await shown(owner, "erp") is None


async def test_the_last_use_is_shown(notifier: Running, owner: httpx.AsyncClient) -> None:
    """With the service that was asked, and the minute; not a row is written for each request."""
    secret = (await created(owner, "erp"))["token"]
    token = await shown(owner, "erp")
    assert token
    assert (token["used_at"], token["used_through"]) == (None, "")
    async with program(notifier, secret) as client:
        for _ in range(5):
            await client.get("/api/site")

    async def used() -> Json | None:
        token = await shown(owner, "erp")
        return token if token and token["used_at"] else None

    first = await eventually(used)
    assert first["used_through"] == "notifier"
    assert "through “notifier”" in (await owner.get("/settings/tokens")).text
    pool = notifier.service.pool
    before = await pool.fetchval("SELECT xmin::text FROM tokens WHERE name = 'erp'")
    await used_elsewhere(notifier, secret)
    async with program(notifier, (await created(owner, "other"))["token"]) as client:
        await client.get("/api/site")
    await eventually(partial(_is_used, owner, "other"))  # told later, so all before it is heard
    assert await pool.fetchval("SELECT xmin::text FROM tokens WHERE name = 'erp'") == before
    await pool.execute("UPDATE tokens SET used_at = used_at - interval '1 hour' WHERE name = 'erp'")
    await used_elsewhere(notifier, secret)

    async def through_tasks() -> bool:
        token = await shown(owner, "erp")
        return bool(token and token["used_through"] == "tasks")

    await eventually(through_tasks)


async def used_elsewhere(notifier: Running, secret: str) -> None:
    """As a request to `tasks` does it."""
    book = SessionBook(notifier.service.bus, "tasks")
    watching = asyncio.create_task(book.run())

    async def known() -> bool:
        return book.get(digest(secret)) is not None

    try:
        await eventually(known)
        assert await book.find(digest(secret))
    finally:
        watching.cancel()


async def _is_used(owner: httpx.AsyncClient, name: str) -> bool:
    token = await shown(owner, name)
    return bool(token and token["used_at"])


@pytest.mark.parametrize("way", ["page", "API", "a lesser role"])
async def test_they_end_with_their_maker(notifier: Running, owner: httpx.AsyncClient, way: str) -> None:
    """The page asks, and says how many; what a token of hers made ends too, everybody else's goes on."""
    async with notifier.browser() as anna:
        await log_in(anna, "anna", await add(owner, "anna", "owner"))
        hers = (await created(anna, "hers", role="owner"))["token"]
    async with program(notifier, hers) as client:
        made_with = (await created(client, "made with hers", role="owner"))["token"]
    others = (await created(owner, "of another", role="owner"))["token"]
    page = (await owner.get("/admins")).text
    assert "End the 2 API tokens that Anna made, too" in page
    assert page.count('name="end_tokens"') == page.count("checked>") > 0

    async def ended() -> None:
        for secret in (hers, made_with):
            await eventually(partial(_is_out, notifier, secret))

    async def end() -> None:
        match way:
            case "page":
                answer = await owner.post("/admins/anna/disabled", data={"end_tokens": "1"})
            case "API":
                answer = await owner.patch("/api/admins/anna", json={"enabled": False, "end_tokens": True})
            case _:
                answer = await owner.post("/admins/anna/role", data={"role": "viewer", "end_tokens": "1"})
        assert answer.status_code in (200, 303), answer.text
        await ended()

    assert await took(end()) < 3 * A_SECOND
    async with program(notifier, others) as client:
        assert (await client.get("/api/site")).status_code == 200
    kinds = [row["type"] for row in await notifier.service.pool.fetch("SELECT type FROM events")]
    assert kinds.count("ApiTokenRevoked") == 2


async def _is_out(notifier: Running, secret: str) -> bool:
    async with httpx.AsyncClient(base_url=notifier.url, headers=bearer(secret)) as client:
        return (await client.get("/api/site")).status_code == 401


async def test_they_stay_where_that_is_wanted(notifier: Running, owner: httpx.AsyncClient) -> None:
    """Without the tick, and for a program that does not say so; the list names who made them."""
    async with notifier.browser() as anna:
        await log_in(anna, "anna", await add(owner, "anna", "owner"))
        secret = (await created(anna, "hers"))["token"]
    assert (await owner.post("/admins/anna/disabled")).status_code == 303
    answer = await owner.patch("/api/admins/anna", json={"enabled": False})
    assert answer.json()["tokens"] == ["hers"]
    async with program(notifier, secret) as client:
        assert (await client.get("/api/site")).status_code == 200
    token = await shown(owner, "hers")
    assert token
    assert token["created_by"] == "Anna"


async def test_asking_again_is_answered_as_the_first_time(
    notifier: Running, owner: httpx.AsyncClient
) -> None:
    """Also where the answer rests on the time, or on which tokens there are by then."""
    async with notifier.browser() as anna:
        await log_in(anna, "anna", await add(owner, "anna", "owner"))
        await created(anna, "hers", role="owner")
        await created(anna, "hers too", role="viewer")

    async def twice(path: str, key: str, **given: Json) -> tuple[httpx.Response, httpx.Response]:
        once = partial(owner.post, path, headers={"Idempotency-Key": key}, **given)  # type: ignore[arg-type]
        return await once(), await once()

    asked = {"name": "erp", "role": "viewer", "expires_in_days": 30}
    first, again = await twice("/api/tokens", "token", json=asked)
    assert first.status_code == 201
    token = await shown(owner, "erp")
    assert token
    assert token["expires_at"] == first.json()["expires_at"]
    assert again.status_code == 409
    assert "done already" in again.text
    other = {**asked, "expires_in_days": 90}
    key = {"Idempotency-Key": "token"}
    assert (await owner.post("/api/tokens", json=other, headers=key)).status_code == 422
    ends = {"end_tokens": "1"}
    answers = await twice("/admins/anna/role", "role", data={"role": "viewer", **ends})
    assert [answer.status_code for answer in answers] == [303, 303]
    answers = await twice("/admins/anna/disabled", "end", data=ends)
    assert [answer.status_code for answer in answers] == [303, 303]
