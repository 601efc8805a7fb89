"""What was done is said on the next page that a person sees, once, and by nobody else's words."""

from html import unescape

import httpx
import pytest
from litestar import Response

from shared.web import Done
from shared.web.done import tell
from tests.web.conftest import HOST

SAID = "Task #1042 was deleted."


async def seen(person: httpx.AsyncClient, **headers: str) -> str:
    return unescape((await person.get("/sample", headers=headers)).text)


async def test_the_next_page_says_it_and_the_one_after_does_not(dan: httpx.AsyncClient) -> None:
    """The cookie goes with the page that shows it."""
    answer = await dan.post("/gone/1042")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sample")
    assert SAID in await seen(dan)
    assert SAID not in await seen(dan)


async def test_what_a_script_fetches_does_not_use_it_up(dan: httpx.AsyncClient) -> None:
    """A live part of another tab, or a fragment, is no page that a person looks at."""
    await dan.post("/gone/1042")
    for headers in ({"Sec-Fetch-Dest": "empty"}, {"HX-Request": "true"}):
        assert SAID not in await seen(dan, **headers)
    assert SAID in await seen(dan, **{"Sec-Fetch-Dest": "document"})


@pytest.mark.parametrize(
    "planted",
    [
        "",
        "task-deleted",
        "task-deleted.",
        "task-deleted.<b>",
        "task-deleted.\u0661",
        "call-this-number.1",
        f"task-deleted.{'1' * 20}",
    ],
)
async def test_a_cookie_says_nothing_of_its_own(dan: httpx.AsyncClient, planted: str) -> None:
    """Only the sentences that are known, and a number."""
    session = f"callout_session={dan.cookies['callout_session']}"
    cookies = f"{session}; callout_done={planted}".encode()
    answer = await dan.get("/sample", headers=[(b"Cookie", cookies)])
    assert answer.status_code == 200
    assert 'id="told"' not in answer.text


async def test_a_stranger_is_told_nothing(stranger: httpx.AsyncClient) -> None:
    """Whoever is not logged in sees a login, and uses nothing up."""
    answer = await stranger.get(
        "/sample", headers={"Cookie": "callout_done=task-deleted.7", "Accept": "text/html", "Origin": HOST}
    )
    assert "was deleted" not in answer.text


@pytest.mark.parametrize("secure", [True, False])
def test_its_cookie_is_as_secure_as_the_site(secure: bool) -> None:
    """Where the site is https, it is sent by nothing else."""
    answer: Response[bytes] = Response(b"")
    tell(answer, Done.TASK_DELETED, 7, secure=secure)
    assert ("Secure" in answer.cookies[0].to_header().split("; ")) is secure
