"""The AsyncAPI documents: valid, whole, and the same as what the bus lets each service do."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import jsonschema_rs
import pytest

from local.routes import service_for
from local.stack import SERVICES
from shared.asyncapi import named
from shared.contract import OWNER, QUESTIONS, AnyEvent
from shared.contract.event import Event, verb
from tests.documents import Spoken, matches, unstarted

ROOT = Path(__file__).parents[2]
SPECIFICATION = ROOT / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0-without-$id.json"
USERS = (ROOT / "deploy" / "local" / "nats_users.conf").read_text()
EVENTS: tuple[type[Event], ...] = get_args(AnyEvent)


@pytest.fixture(scope="module")
async def spoken() -> dict[str, Spoken]:
    return {name: Spoken(service.spoken()) for name, service in unstarted().items()}


def permitted(service: str, what: str) -> set[str]:
    """The subjects that a user of the bus may publish or subscribe, without JetStream's own and the inbox."""
    user = re.search(rf"user: {service},.*?^    }}", USERS, re.DOTALL | re.MULTILINE)
    assert user
    subjects = re.search(rf"{what}: \[(.*?)\]", user[0], re.DOTALL)
    assert subjects
    return {each for each in re.findall(r'"([^"]+)"', subjects[1]) if not each.startswith(("$", "_INBOX"))}


@pytest.mark.parametrize("service", SERVICES)
def test_each_document_is_valid(spoken: dict[str, Spoken], service: str) -> None:
    """By the schema that the AsyncAPI initiative publishes for 3.0; and each reference leads somewhere."""
    document = spoken[service].document
    validator = jsonschema_rs.validator_for(json.loads(SPECIFICATION.read_text()))
    assert [f"{list(e.instance_path)}: {e.message}" for e in validator.iter_errors(document)] == []
    for reference in references(document):
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            assert part in place, reference
            place = place[part]
    assert service_for(f"/api/{service}/asyncapi.json") == service


def test_every_event_is_sent_by_the_service_that_owns_it(spoken: dict[str, Spoken]) -> None:
    """And by nobody else."""
    for event in EVENTS:
        aggregate = event.__module__.rpartition(".")[2]
        senders = {name for name in SERVICES if event.__name__ in spoken[name].sent()}
        assert senders == ({OWNER[aggregate]} if OWNER[aggregate] else set(SERVICES)), event
        for sender in senders:
            address = spoken[sender].sent()[event.__name__]
            subject = f"events.{aggregate}.1042.{verb(event.__name__, aggregate)}"
            assert matches(address, subject), (address, subject)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_may_publish_what_it_says_it_sends(spoken: dict[str, Spoken], service: str) -> None:
    """The bus's permissions name the same, and nothing more; of dead letters it tells of its own alone."""
    on_the_bus = {address for address in spoken[service].sent().values() if not address.startswith("/")}
    subjects = {event_subjects(address) for address in on_the_bus}
    assert subjects - {"events.fold.>"} | {f"events.fold.{service}.>"} == permitted(service, "publish")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_may_hear_what_it_says_it_receives(spoken: dict[str, Spoken], service: str) -> None:
    """Events come through its consumer, so only the rest is a permission of its own."""
    heard = {address for address in spoken[service].sent("receive").values() if "{" not in address}
    assert heard == permitted(service, "subscribe")


def test_every_question_is_asked_and_answered(spoken: dict[str, Spoken]) -> None:
    """By exactly one service, and of it by at least one, with the answer's type beside it."""
    for subject in QUESTIONS:
        name, reply = named(subject)
        asking, answering = (
            [each for each in SERVICES if subject in spoken[each].sent(action).values()]
            for action in ("send", "receive")
        )
        assert asking
        assert len(answering) == 1
        for action, services in (("send", asking), ("receive", answering)):
            for each in services:
                operation = spoken[each].document["operations"][f"{action}{name}"]
                assert operation["reply"]["channel"]["$ref"].endswith(f"/{reply}")


def event_subjects(address: str) -> str:
    """`events.task.{key}.created` → `events.task.>`, as permissions have it."""
    return re.sub(r"\{key\}.*", ">", address)


def references(part: Any) -> set[str]:
    if isinstance(part, list):
        return {each for one in part for each in references(one)}
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own | references(list(part.values()))
    return set()
