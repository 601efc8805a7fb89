"""Who may log in: given events, when a command, then events or a refusal."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain import (
    AddAdmin,
    ChangePassword,
    ChangeRole,
    ChangeSite,
    CreateToken,
    DisableAdmin,
    EnableAdmin,
    FoundTeam,
    LogIn,
    LogOut,
    RevokeToken,
    Team,
    TeamCommand,
    Visit,
    decide_site,
    decide_team,
    decide_visit,
    evolve_team,
    evolve_visit,
)
from shared.contract.admin import (
    AdminAdded,
    AdminDisabled,
    AdminEnabled,
    AdminEvent,
    AdminLoggedIn,
    AdminLoggedOut,
    AdminPasswordChanged,
    AdminRoleChanged,
    ApiTokenCreated,
    ApiTokenRevoked,
    Role,
)
from shared.contract.site import Site, SiteSettingsChanged
from shared.refusal import Refused

OLGA = AdminAdded("olga", "Olga", Role.OWNER)
DAN = AdminAdded("dan", "Dan", Role.DISPATCHER)
ANOTHER_OWNER = AdminAdded("otto", "Otto", Role.OWNER)


def given_team(events: Sequence[AdminEvent]) -> Team:
    team = Team()
    for event in events:
        team = evolve_team(team, event)
    return team


@pytest.mark.parametrize(
    ("events", "command", "expected"),
    [
        ([], FoundTeam("owner", "Owner"), [AdminAdded("owner", "Owner", Role.OWNER)]),
        ([OLGA], AddAdmin("dan", " Dan ", Role.DISPATCHER), [DAN]),
        ([OLGA, DAN], ChangeRole("dan", Role.VIEWER), [AdminRoleChanged("dan", Role.VIEWER)]),
        ([OLGA, ANOTHER_OWNER], ChangeRole("olga", Role.VIEWER), [AdminRoleChanged("olga", Role.VIEWER)]),
        ([OLGA, DAN], DisableAdmin("dan"), [AdminDisabled("dan")]),
        ([OLGA, ANOTHER_OWNER], DisableAdmin("olga"), [AdminDisabled("olga")]),
        ([OLGA, DAN, AdminDisabled("dan")], EnableAdmin("dan"), [AdminEnabled("dan")]),
        ([OLGA], ChangePassword("olga"), [AdminPasswordChanged("olga")]),
        ([OLGA], CreateToken("ci", Role.VIEWER), [ApiTokenCreated("ci", Role.VIEWER)]),
        ([OLGA, ApiTokenCreated("ci", Role.VIEWER)], RevokeToken("ci"), [ApiTokenRevoked("ci")]),
        (
            [ApiTokenCreated("ci", Role.VIEWER), ApiTokenRevoked("ci")],
            CreateToken("ci", Role.OWNER),
            [ApiTokenCreated("ci", Role.OWNER)],
        ),
    ],
    ids=str,
)
def test_accepted(events: list[AdminEvent], command: TeamCommand, expected: list[AdminEvent]) -> None:
    """Each command where it is possible."""
    assert decide_team(command, given_team(events)) == expected


@pytest.mark.parametrize(
    ("events", "command"),
    [
        ([OLGA, DAN], ChangeRole("dan", Role.DISPATCHER)),
        ([OLGA], ChangeRole("olga", Role.OWNER)),
        ([OLGA, DAN, AdminDisabled("dan")], DisableAdmin("dan")),
        ([OLGA, DAN], EnableAdmin("dan")),
    ],
    ids=str,
)
def test_nothing_happened(events: list[AdminEvent], command: TeamCommand) -> None:
    """What is so already is no event."""
    assert decide_team(command, given_team(events)) == []


@pytest.mark.parametrize(
    ("events", "command", "sentence"),
    [
        ([OLGA], FoundTeam("eve", "Eve"), "There is an owner already."),
        ([OLGA], AddAdmin("olga", "Olga", Role.VIEWER), "There is an admin “olga” already."),
        ([OLGA], AddAdmin("Ol ga", "Olga", Role.VIEWER), "A login has"),
        ([OLGA], AddAdmin("o.lga", "Olga", Role.VIEWER), "A login has"),
        ([OLGA], AddAdmin("dan", "  ", Role.VIEWER), "A name has"),
        ([OLGA, DAN], ChangeRole("olga", Role.DISPATCHER), "This is the last owner."),
        ([OLGA, DAN], DisableAdmin("olga"), "This is the last owner."),
        ([OLGA, ANOTHER_OWNER, AdminDisabled("otto")], DisableAdmin("olga"), "This is the last owner."),
        ([OLGA], DisableAdmin("nobody"), "There is no admin “nobody”."),
        ([OLGA], ChangePassword("nobody"), "There is no admin “nobody”."),
        ([OLGA], CreateToken("", Role.VIEWER), "A token's name has"),
        (
            [ApiTokenCreated("ci", Role.VIEWER)],
            CreateToken("ci", Role.VIEWER),
            "There is a token “ci” already.",
        ),
        ([OLGA], RevokeToken("ci"), "There is no token “ci”."),
    ],
    ids=str,
)
def test_refused(events: list[AdminEvent], command: TeamCommand, sentence: str) -> None:
    """With a sentence that says why."""
    with pytest.raises(Refused, match=sentence):
        decide_team(command, given_team(events))


LOGINS = st.sampled_from(["olga", "otto", "dan"])
COMMANDS = st.one_of(
    st.builds(AddAdmin, LOGINS, st.just("X"), st.sampled_from(Role)),
    st.builds(ChangeRole, LOGINS, st.sampled_from(Role)),
    st.builds(DisableAdmin, LOGINS),
    st.builds(EnableAdmin, LOGINS),
)


@given(st.lists(COMMANDS, max_size=30))
def test_there_is_always_an_owner_who_can_log_in(commands: list[TeamCommand]) -> None:
    """Whatever is asked, in whatever order."""
    team = given_team([OLGA])
    for command in commands:
        try:
            events = decide_team(command, team)
        except Refused:
            continue
        for event in events:
            team = evolve_team(team, event)
        assert any(member.role is Role.OWNER and member.enabled for member in team.members.values())


def test_a_session_begins_once_and_ends_once() -> None:
    """Logging out twice is one event; logging in twice with one session is refused."""
    assert decide_visit(LogIn("dan"), Visit()) == [AdminLoggedIn("dan")]
    begun = evolve_visit(Visit(), AdminLoggedIn("dan"))
    assert decide_visit(LogOut(), begun) == [AdminLoggedOut("dan")]
    assert decide_visit(LogOut(), evolve_visit(begun, AdminLoggedOut("dan"))) == []
    assert decide_visit(LogOut(), Visit()) == []
    with pytest.raises(Refused):
        decide_visit(LogIn("dan"), begun)


def test_a_taken_login_has_a_sentence_at_its_field() -> None:
    """The same as over the form."""
    with pytest.raises(Refused) as refused:
        decide_team(AddAdmin("olga", "Olga", Role.VIEWER), given_team([OLGA]))
    assert refused.value.fields == {"login": refused.value.sentence}


def test_settings_that_fit_are_taken() -> None:
    """And the same again is no event."""
    site = Site("Harbour Plumbing", "1 Quay", "DE1", "USD", "Asia/Riyadh", "ar", 45)
    assert decide_site(ChangeSite(site), Site()) == [SiteSettingsChanged(site)]
    assert decide_site(ChangeSite(site), site) == []


@pytest.mark.parametrize(
    ("field", "site"),
    [
        ("company", Site(company=" ")),
        ("company", Site(company="x" * 101)),
        ("address", Site(address="x" * 501)),
        ("tax_id", Site(tax_id="x" * 51)),
        ("currency", Site(currency="XYZZY")),
        ("currency", Site(currency="eur")),
        ("time_zone", Site(time_zone="Mars/Olympus")),
        ("time_zone", Site(time_zone="../../etc/passwd")),
        ("time_zone", Site(time_zone="")),
        ("language", Site(language="klingon")),
        ("language", Site(language="")),
        ("office_phone", Site(office_phone="call us")),
        ("office_phone", Site(office_phone="12")),
        ("office_phone", Site(office_phone="+49 30 1234567\n+49 30 7654321")),
        ("office_phone", Site(office_phone="<b>+49 30 1234567</b>")),
        ("office_phone", Site(office_phone="+49 30 " + "1" * 60)),
        ("no_answer_minutes", Site(no_answer_minutes=0)),
        ("no_answer_minutes", Site(no_answer_minutes=10081)),
    ],
)
def test_settings_that_do_not_fit_are_refused_beside_their_field(field: str, site: Site) -> None:
    """One sentence for each field."""
    with pytest.raises(Refused) as refusal:
        decide_site(ChangeSite(site), Site())
    assert list(refusal.value.fields) == [field]
