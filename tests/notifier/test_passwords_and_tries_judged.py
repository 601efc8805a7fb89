"""Which passwords are too easy, whose network an address is, and how long a guesser waits: rules alone."""

from itertools import pairwise

import pytest

from notifier.login_limits import LONGEST_DELAY, delay, network_of
from notifier.password_rules import refuse_weak
from shared.refusal import Refused


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"),
        ("2001:db8:1:2::", "2001:DB8:1:2:0:0:0:9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("::ffff:cb00:7109", "203.0.113.9"),
        ("fe80::1%eth0", "fe80::2%eth1"),
    ],
)
def test_one_customers_addresses_are_one_network(one: str, other: str) -> None:
    """Of IPv6 everybody has a /64; an IPv4 address is the same, however it is written."""
    assert network_of(one) == network_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:3::1"),
        ("203.0.113.9", "203.0.113.10"),
        ("::ffff:203.0.113.9", "::ffff:203.0.113.10"),
        ("", "203.0.113.9"),
    ],
)
def test_others_addresses_are_another(one: str, other: str) -> None:
    assert network_of(one) != network_of(other)


def test_the_delay_grows_and_has_an_end() -> None:
    """Whoever mistypes a few times never waits; nobody ever waits longer than some seconds."""
    assert [delay(failed) for failed in range(5)] == [0.0] * 5
    growing = [delay(failed) for failed in range(5, 40)]
    assert all(one <= other for one, other in pairwise(growing))
    assert growing[0] < growing[1] < growing[2]
    assert delay(10**9) == LONGEST_DELAY <= 10


@pytest.mark.parametrize(
    "password",
    [
        "password12", "Password123!", "P@ssw0rd2026", "1234567890", "qwertyuiop", "1q2w3e4r5t", "iloveyou123",
        "letmein123", "Summer2026!", "welcome2026", "password password", "aaaaaaaaaaaa", "abcdefghij", "11111111111",
        "olga123456", "0LGA-0lga-0lga", "olga olga olga", "OlgaBerg2026", "berg.berg.berg",
        "Harbour Plumbing", "harbourplumbing", "H4rb0urPlumb1ng!", "2026Harbour2026", "Plumbing99!", "callout12345",
    ],
)  # fmt: skip
def test_what_others_would_try_first_is_refused(password: str) -> None:
    """The most common ones, the login, the name and the company's, in whatever dress."""
    with pytest.raises(Refused) as refused:
        refuse_weak(password, "olga", "Olga Berg", "Harbour Plumbing")
    assert refused.value.fields["new"]


@pytest.mark.parametrize(
    "password",
    [
        "a-much-better-one", "correct horse battery", "boat, lamp, pigeons", "  spaced at both ends  ", "kX9-vv2Qm-",
        "harbour lights at four", "كلمة طويلة لا يعرفها أحد", "ein Boot und elf Tauben", "olga-likes-quinces",
    ],
)  # fmt: skip
def test_what_nobody_would_guess_is_taken(password: str) -> None:
    refuse_weak(password, "olga", "Olga Berg", "Harbour Plumbing")


@pytest.mark.parametrize("company", ["", "AB", "شركة النور", "7-Eleven", "Ω"])
def test_any_company_has_a_name_that_is_no_password(company: str) -> None:
    """Short ones forbid nothing else; long ones are no passwords, in any script."""
    refuse_weak("a-much-better-one", "a", "B", company)
    if len(company) > 4:
        with pytest.raises(Refused):
            refuse_weak(f"{company}2026!"[:200], "a", "B", company)
