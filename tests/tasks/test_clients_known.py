"""A client is added, edited and erased; contact data is in none of the events."""

import pytest

from shared.contract.client import ClientAdded, ClientContactChanged, ClientErased, ClientRenamed
from shared.refusal import Refused, Why
from tasks.domain.client import AddClient, Client, EditClient, EraseClient, Life, decide, evolve

KNOWN = evolve(Client(), ClientAdded("Sigrid Lindqvist"))
ERASED = evolve(KNOWN, ClientErased())


def test_a_client_is_added() -> None:
    """Only the name is told."""
    assert decide(AddClient("Sigrid Lindqvist"), Client()) == [ClientAdded("Sigrid Lindqvist")]


def test_an_edit_tells_what_changed() -> None:
    """The name as it is now, the contact fields by their names."""
    events = decide(EditClient("Sigrid Berg", ("phone",)), KNOWN)
    assert events == [ClientRenamed("Sigrid Berg"), ClientContactChanged(("phone",))]


def test_an_edit_that_changes_nothing_is_no_event() -> None:
    """Save pressed without a change leaves no line."""
    assert decide(EditClient("Sigrid Lindqvist"), KNOWN) == []


def test_a_client_is_erased_once() -> None:
    """The name goes with the data; a second erasure changes nothing."""
    assert decide(EraseClient(), KNOWN) == [ClientErased()]
    assert ERASED == Client(Life.ERASED, "")
    assert decide(EraseClient(), ERASED) == []


@pytest.mark.parametrize("client", [Client(), ERASED])
def test_what_is_not_there_is_not_edited(client: Client) -> None:
    """An unknown and an erased client are both missing."""
    with pytest.raises(Refused) as refused:
        decide(EditClient("x"), client)
    assert refused.value.why is Why.MISSING


def test_a_client_is_added_once() -> None:
    """A number is never given to a second client."""
    with pytest.raises(Refused, match="there already"):
        decide(AddClient("x"), KNOWN)
