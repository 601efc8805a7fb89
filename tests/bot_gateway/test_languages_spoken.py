"""Each technician is spoken to in the language of their Telegram, or else in the site's."""

import re
from unicodedata import bidirectional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot_gateway.domain import OfferState
from bot_gateway.telegram import messages
from bot_gateway.telegram.dialogue import tongue
from bot_gateway.telegram.messages import FIRST_STRONG, POP, RIGHT_TO_LEFT, apart, client_info, task_info
from shared.contract.admin import Role
from shared.contract.site import Site, SiteSettingsChanged
from shared.contract.task import (
    CLIENT_INFO,
    TAP,
    Action,
    ClientInfoAnswer,
    ClientInfoSent,
    RejectionExplained,
    TaskAccepted,
    TaskAssigned,
    TaskCreated,
    TaskRejected,
    TaskSent,
)
from shared.language import _, languages, speaking
from shared.sentences import sentence
from tests.bot_gateway.conftest import Gateway
from tests.bot_gateway.examples import BOILER, LINDQVIST
from tests.notifier.examples import WHO, recorded
from tests.people import Json, Person, buttons, eventually

MAY, MAY_IN_ARABIC = "May", "مايو"


@pytest.mark.parametrize(
    ("telegram", "site", "spoken"),
    [("ar", "en", "ar"), ("en-GB", "ar", "en-GB"), ("de", "ar", "ar"), (None, "ar", "ar"), ("x", "en", "en")],
)
def test_whose_language(telegram: str | None, site: str, spoken: str) -> None:
    """Telegram's, where there are sentences in it."""
    assert tongue(telegram, Site(language=site)) == spoken


async def offered(gateway: Gateway, person: Person, task: int = 1042) -> Json:
    events = (TaskCreated(task, BOILER, 12), TaskAssigned(person.id), TaskSent(person.id, 1))
    await gateway.hears("task", task, *events)
    return await person.sees(f"#{task}", button="✅")


async def test_an_arabic_technician_is_spoken_to_in_arabic(gateway: Gateway) -> None:
    """Messages, buttons and questions to `tasks`; but why a client's data is refused is for the office to read."""
    sami = await gateway.joined("سامي حدّاد", None, language="ar")
    info = await offered(gateway, sami)
    assert MAY_IN_ARABIC in info["text"]
    assert MAY not in info["text"]
    with speaking("ar"):
        assert list(buttons(info)) == [_(messages.ACCEPT), _(messages.REJECT)]
    await sami.taps(info, "t:1042:1:accept")
    await gateway.hears("task", 1042, TaskAccepted(sami.id, 1), ClientInfoSent(sami.id, 1, 12))
    await sami.sees("Sigrid Lindqvist")
    assert gateway.desk.asked_in == [(TAP, "ar"), (CLIENT_INFO, "en")]


async def test_a_language_without_sentences_is_answered_in_the_sites(gateway: Gateway) -> None:
    """A German phone in an Arabic company, from the moment that the site speaks Arabic."""
    hanna = await gateway.joined("Hanna", None, language="de")
    await gateway.hears("site", "main", SiteSettingsChanged(Site(language="ar")))

    async def arabic() -> bool:
        """the site's settings in use"""
        return gateway.service.site().language == "ar"

    await eventually(arabic)
    assert MAY_IN_ARABIC in (await offered(gateway, hanna))["text"]


@pytest.mark.parametrize("tag", ["ar", "en", "de"])
async def test_the_commands_are_listed_in_each_language(gateway: Gateway, tag: str) -> None:
    """Beside the text field of each phone (Bot API, setMyCommands): once for each language, once for all others."""
    person = await gateway.joined("Sami", None, language=tag)

    async def listed() -> bool:
        """the commands in every language"""
        return len(await gateway.calls("setMyCommands")) == 1 + len(languages())

    await eventually(listed)
    phone = (await gateway.phones.http.get("/", params={"person": person.id})).text
    with speaking(tag):
        for told in messages.COMMANDS.values():
            assert _(told) in phone


async def test_a_quick_reason_is_kept_in_one_language_and_read_in_any(gateway: Gateway) -> None:
    """The technician presses a word of theirs; the office has it in English, and sees it in each reader's language."""
    sami = await gateway.joined("سامي حدّاد", None, language="ar")
    info = await offered(gateway, sami)
    await sami.taps(info, "t:1042:1:reject")
    await gateway.hears("task", 1042, TaskRejected(sami.id, 1))

    async def asked() -> Json | None:
        """the question for the reason"""
        found = [each for each in await sami.messages() if "r:1042:1:far" in buttons(each).values()]
        return found[-1] if found else None

    question = await eventually(asked)
    await sami.taps(question, "r:1042:1:far")
    last = gateway.desk.taps[-1]
    assert (last.action, last.reason) == (Action.EXPLAIN, messages.REASONS["far"])
    with speaking("ar"):
        far = _(messages.REASONS["far"])
        assert far in sentence(
            recorded("task.1042", "technician:77", RejectionExplained(77, 1, "Too far")), WHO
        )
    await sami.sees(far)


async def test_the_office_reads_why_a_delivery_failed_in_its_own_language(
    gateway: Gateway, yasmin: Person
) -> None:
    """The event holds it in English; a page says it in the reader's."""
    await yasmin.blocks()
    await gateway.told("TechnicianBlockedBot")
    events = (TaskCreated(1042, BOILER, 12), TaskAssigned(yasmin.id), TaskSent(yasmin.id, 1))
    await gateway.hears("task", 1042, *events)
    [failed] = await gateway.told("DeliveryFailed")
    assert failed["reason"] == "The technician has blocked the bot."
    with speaking("ar"):
        wanted = _(failed["reason"])
    async with gateway.as_role(Role.VIEWER, browser=True) as browser:
        browser.headers["Cookie"] += "; callout_language=ar"
        assert wanted in (await browser.get(f"/technicians/{yasmin.id}")).text


async def test_what_a_service_refuses_is_kept_in_one_language(gateway: Gateway, yasmin: Person) -> None:
    """Also where the site speaks another: the office may read in any."""
    await gateway.hears("site", "main", SiteSettingsChanged(Site(language="ar")))

    async def arabic() -> bool:
        """the site's settings in use"""
        return gateway.service.site().language == "ar"

    await eventually(arabic)
    gateway.desk.client = ClientInfoAnswer()
    await offered(gateway, yasmin)
    await gateway.hears("task", 1042, TaskAccepted(yasmin.id, 1), ClientInfoSent(yasmin.id, 1, 12))
    [failed] = await gateway.told("DeliveryFailed")
    assert failed["reason"] == "The client's data may not be sent now."
    assert (CLIENT_INFO, "en") in gateway.desk.asked_in


# ── What runs in two directions ──────────────────────────────────────────────

ISOLATED = re.compile(f"{FIRST_STRONG}[^{FIRST_STRONG}{POP}]*{POP}")


def test_what_is_latin_stays_whole_in_arabic() -> None:
    """Task numbers, names, phone numbers: each is set apart, and every line runs from the right."""
    with speaking("ar"):
        told = [
            *task_info(1042, BOILER, OfferState.OPEN, "UTC"),
            *client_info(1042, BOILER, LINDQVIST, "UTC"),
        ]
    for whole in ("#1042", "Leaking boiler", "Altstadt", "📞 +46 8 123 45 67", "Storgatan 1, Stockholm"):
        assert any(f"{FIRST_STRONG}{whole}{POP}" in text for text in told), whole
    for text in told:
        head = text.split("\n\n")[:2]
        assert all(line.startswith(RIGHT_TO_LEFT) for part in head for line in part.split("\n"))


def test_an_english_message_holds_no_invisible_marks() -> None:
    """Where nothing runs the other way, nothing is in the way of copying."""
    told = [*task_info(1042, BOILER, OfferState.OPEN, "UTC"), *client_info(1042, BOILER, LINDQVIST, "UTC")]
    assert not set("".join(told)) & {FIRST_STRONG, POP, RIGHT_TO_LEFT}
    assert FIRST_STRONG in messages.welcome("ياسمين", "Harbour Heating")


@given(st.text(max_size=60), st.sampled_from(["en", "ar"]))
def test_what_is_set_apart_ends_where_it_began(text: str, tag: str) -> None:
    """Whatever people type, it is as it was, and what follows it is not drawn in."""
    typed = "".join(each for each in text if bidirectional(each) not in ("FSI", "LRI", "RLI", "PDI"))
    with speaking(tag):
        shown = apart(typed)
    assert shown.replace(FIRST_STRONG, "").replace(POP, "") == typed
    assert shown == typed or ISOLATED.fullmatch(shown)
