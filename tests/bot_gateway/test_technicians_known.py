"""The rules of a technician's life: given events, when a command, then events or a refusal."""

from datetime import UTC, datetime

import pytest

from bot_gateway.domain import (
    TECHNICIANS,
    DeactivateTechnician,
    DeleteTechnician,
    EditTechnician,
    NoticeBlock,
    NoticeGone,
    NoticeTechnician,
    NoticeUnblock,
    Profile,
    ReactivateTechnician,
    RegisterTechnician,
    ReviewTechnician,
    Standing,
    Technician,
    TechnicianCommand,
    decide_technician,
    evolve_technician,
    profile,
)
from shared.contract.technician import (
    TechnicianAccountGone,
    TechnicianBlockedBot,
    TechnicianDeactivated,
    TechnicianDeleted,
    TechnicianEdited,
    TechnicianEvent,
    TechnicianProfileChanged,
    TechnicianReactivated,
    TechnicianRegistered,
    TechnicianReviewed,
    TechnicianUnblockedBot,
)
from shared.refusal import Refused, Why
from tests.bot_gateway.examples import YASMIN, YASMIN_IN_TELEGRAM

REGISTERED = TechnicianRegistered(YASMIN, "Yasmin Farouk", "yasmin_fixes", "ar")
START = RegisterTechnician(YASMIN, YASMIN_IN_TELEGRAM)
IN_MARCH = datetime(2026, 3, 3, tzinfo=UTC)
RETURNED = TechnicianRegistered(YASMIN, "Yasmin Farouk", "yasmin_fixes", "ar", True, IN_MARCH)
MARRIED = Profile("Yasmin Haddad", "yasmin_fixes", "ar")


def after(*events: TechnicianEvent) -> Technician:
    state = TECHNICIANS.initial
    for event in events:
        state = evolve_technician(state, event)
    return state


ASKED: list[tuple[str, list[TechnicianEvent], TechnicianCommand, list[TechnicianEvent]]] = [
    ("the first Start registers", [], START, [REGISTERED]),
    ("a second Start changes nothing", [REGISTERED], START, []),
    (
        "Start under a new name is noticed",
        [REGISTERED],
        RegisterTechnician(YASMIN, MARRIED),
        [TechnicianProfileChanged("Yasmin Haddad", "yasmin_fixes", "ar")],
    ),
    ("Start heals a block", [REGISTERED, TechnicianBlockedBot()], START, [TechnicianUnblockedBot()]),
    (
        "Start after a deletion registers anew, as somebody who came back",
        [REGISTERED, TechnicianDeleted()],
        RegisterTechnician(YASMIN, YASMIN_IN_TELEGRAM, IN_MARCH),
        [RETURNED],
    ),
    (
        "who came back has to be kept anew",
        [REGISTERED, TechnicianReviewed(), TechnicianDeleted(), RETURNED],
        ReviewTechnician(),
        [TechnicianReviewed()],
    ),
    ("Start does not take back into service", [REGISTERED, TechnicianDeactivated()], START, []),
    ("a stranger's message registers nobody", [], NoticeTechnician(YASMIN_IN_TELEGRAM), []),
    (
        "a deleted technician's message brings nobody back",
        [REGISTERED, TechnicianDeleted()],
        NoticeTechnician(MARRIED),
        [],
    ),
    (
        "any message under a new name is noticed",
        [REGISTERED],
        NoticeTechnician(MARRIED),
        [TechnicianProfileChanged("Yasmin Haddad", "yasmin_fixes", "ar")],
    ),
    (
        "whoever writes has not blocked the bot",
        [REGISTERED, TechnicianBlockedBot()],
        NoticeTechnician(YASMIN_IN_TELEGRAM),
        [TechnicianUnblockedBot()],
    ),
    ("a block is noticed", [REGISTERED], NoticeBlock(), [TechnicianBlockedBot()]),
    ("a block is noticed once", [REGISTERED, TechnicianBlockedBot()], NoticeBlock(), []),
    ("a stranger's block is nothing", [], NoticeBlock(), []),
    ("an account that is gone is noticed", [REGISTERED], NoticeGone(), [TechnicianAccountGone()]),
    ("it is noticed once", [REGISTERED, TechnicianAccountGone()], NoticeGone(), []),
    (
        "also of somebody who had blocked the bot",
        [REGISTERED, TechnicianBlockedBot()],
        NoticeGone(),
        [TechnicianAccountGone()],
    ),
    (
        "an account that is back may have blocked the bot",
        [REGISTERED, TechnicianAccountGone()],
        NoticeBlock(),
        [TechnicianBlockedBot()],
    ),
    ("a stranger's account is nothing", [], NoticeGone(), []),
    ("Start heals it", [REGISTERED, TechnicianAccountGone()], START, [TechnicianUnblockedBot()]),
    (
        "whoever writes has an account",
        [REGISTERED, TechnicianAccountGone()],
        NoticeTechnician(YASMIN_IN_TELEGRAM),
        [TechnicianUnblockedBot()],
    ),
    (
        "one contact heals both",
        [REGISTERED, TechnicianBlockedBot(), TechnicianAccountGone(), TechnicianUnblockedBot()],
        START,
        [],
    ),
    ("an unblock without a block is nothing", [REGISTERED], NoticeUnblock(), []),
    (
        "an edit is a review too",
        [REGISTERED],
        EditTechnician("Yasmin (north)", "Has a van"),
        [TechnicianEdited("Yasmin (north)", "Has a van"), TechnicianReviewed()],
    ),
    (
        "an edit of a reviewed record is an edit",
        [REGISTERED, TechnicianReviewed()],
        EditTechnician("Yasmin (north)", ""),
        [TechnicianEdited("Yasmin (north)", "")],
    ),
    (
        "saving without a change is nothing",
        [REGISTERED, TechnicianReviewed()],
        EditTechnician("", ""),
        [],
    ),
    ("Keep as is reviews", [REGISTERED], ReviewTechnician(), [TechnicianReviewed()]),
    ("Keep as is reviews once", [REGISTERED, TechnicianReviewed()], ReviewTechnician(), []),
    ("a technician is paused", [REGISTERED], DeactivateTechnician(), [TechnicianDeactivated()]),
    ("a technician is paused once", [REGISTERED, TechnicianDeactivated()], DeactivateTechnician(), []),
    (
        "a technician is taken back into service",
        [REGISTERED, TechnicianDeactivated()],
        ReactivateTechnician(),
        [TechnicianReactivated()],
    ),
    ("a technician is deleted", [REGISTERED], DeleteTechnician(), [TechnicianDeleted()]),
]


@pytest.mark.parametrize(
    ("given", "when", "then"), [case[1:] for case in ASKED], ids=[case[0] for case in ASKED]
)
def test_technician(
    given: list[TechnicianEvent], when: TechnicianCommand, then: list[TechnicianEvent]
) -> None:
    """Each row of the table says what it shows."""
    assert decide_technician(when, after(*given)) == then


@pytest.mark.parametrize("given", [[], [REGISTERED, TechnicianDeleted()]], ids=["never seen", "deleted"])
@pytest.mark.parametrize(
    "when",
    [
        EditTechnician("x", ""),
        ReviewTechnician(),
        DeactivateTechnician(),
        ReactivateTechnician(),
        DeleteTechnician(),
    ],
    ids=lambda command: type(command).__name__,
)
def test_nobody_can_be_changed(given: list[TechnicianEvent], when: TechnicianCommand) -> None:
    """What is not there is refused as missing."""
    with pytest.raises(Refused) as refused:
        decide_technician(when, after(*given))
    assert refused.value.why is Why.MISSING


def test_registering_anew_forgets_the_old_edits() -> None:
    """The same record begins afresh: new to the admins, without the old note."""
    state = after(
        REGISTERED, TechnicianEdited("Y", "old"), TechnicianReviewed(), TechnicianDeleted(), REGISTERED
    )
    assert state == Technician(Standing.ACTIVE, YASMIN_IN_TELEGRAM)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Yasmin Farouk", "Yasmin Farouk"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),  # inert: every page escapes it
        ("\u202eknurB", "knurB"),
        ("a\x00b\nc", "a b c"),
        ("ياسمين", "ياسمين"),
        ("\u2066\u200b", f"Technician {YASMIN}"),
        ("", f"Technician {YASMIN}"),
        ("x" * 500, "x" * 128),
    ],
    ids=["plain", "script", "right-to-left override", "control", "Arabic", "invisible", "empty", "long"],
)
def test_a_name_can_disturb_no_page(name: str, shown: str) -> None:
    """Whatever Telegram lets people call themselves."""
    assert profile(YASMIN, name, None, None).name == shown
