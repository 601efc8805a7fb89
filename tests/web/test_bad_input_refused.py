"""What can't be used is refused with a sentence, and what breaks says nothing private."""

import httpx
import pytest

from tests.web.conftest import HOST


async def test_a_body_of_10_mb_is_too_large(program: httpx.AsyncClient) -> None:
    """It is read to its end and dropped, so that the client hears the answer."""
    answer = await program.post("/api/sample", content=b"x" * 10_000_000)
    assert answer.status_code == 413
    assert answer.json()["detail"] == "That is too large: at most 256 KB can be sent at once."


@pytest.mark.parametrize(
    "body", [rb'{"name": "a\u0000b"}', rb'{"name": "a\\\u001fb"}', b'{"name": "a\x00b"}', rb'"\b"']
)
async def test_control_characters_in_json_are_refused(program: httpx.AsyncClient, body: bytes) -> None:
    """However they are written."""
    answer = await program.post("/api/sample", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert "control characters" in answer.json()["detail"]


async def test_a_backslash_is_no_control_character(program: httpx.AsyncClient) -> None:
    """`\\\\u0000` in JSON is a backslash and five letters."""
    answer = await program.post("/api/sample", content=rb'{"name": "C:\\u0000\\bin \u00e9\n"}')
    assert answer.json()["name"] == "C:\\u0000\\bin é\n"


async def test_control_characters_in_forms_and_queries_are_refused(dan: httpx.AsyncClient) -> None:
    """The same, percent-encoded."""
    assert (await dan.post("/sample", data={"name": "a\x00b"})).status_code == 422
    assert (await dan.get("/sample?q=%00")).status_code == 422


@pytest.mark.parametrize("text", [rb"\u00\u202a00", rb"\u20\u202a2e", b"\xe2\x80\xe2\x80\xaa\xae"])
async def test_what_closes_up_to_such_a_character_is_refused_too(
    program: httpx.AsyncClient, text: bytes
) -> None:
    """A direction override is taken out of the middle of one that was cut in two."""
    answer = await program.post("/api/sample", content=b'{"name": "' + text + b'"}')
    assert answer.status_code == 422


async def test_a_form_can_not_close_up_to_nul(dan: httpx.AsyncClient) -> None:
    """The same, percent-encoded."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await dan.post("/sample", content="name=%0%E2%80%AA0", headers=form)).status_code == 422


async def test_an_address_with_nul_is_refused(dan: httpx.AsyncClient) -> None:
    """No database could look it up."""
    assert (await dan.get("/named/a%00b")).status_code == 422


@pytest.mark.parametrize("name", ["\u202egnp.exe", "\u2066x\u2069y"])
async def test_direction_overrides_are_taken_out(
    dan: httpx.AsyncClient, program: httpx.AsyncClient, name: str
) -> None:
    """In a form, in JSON, and in JSON with escapes; Arabic text stays as it is."""
    plain = name.strip("\u202e\u2066\u2069").replace("\u2069", "")
    arabic = "سامي\u200f"
    assert (await dan.post("/sample", data={"name": name + arabic})).json()["sample"][
        "name"
    ] == plain + arabic
    for body in ({"name": name + arabic},):
        assert (await program.post("/api/sample", json=body)).json()["name"] == plain + arabic
    escaped = name.encode("ascii", "backslashreplace")
    answer = await program.post("/api/sample", content=b'{"name": "' + escaped + b'"}')
    assert answer.json()["name"] == plain


@pytest.mark.parametrize(
    ("body", "field", "sentence"),
    [
        (b"{}", "name", "This is needed."),
        (b'{"name": 5}', "name", "Expected `str`, got `int`."),
        (b'{"name": "x", "count": "many"}', "count", "Expected `int`, got `str`."),
        (b'{"name": "x", "colour": "red"}', "colour", "There is no such field."),
        (b'{"name": "x", "lines": [{"quantity": "one"}]}', "lines.0.quantity", "Invalid decimal string."),
    ],
)
async def test_each_wrong_field_is_named(
    program: httpx.AsyncClient, body: bytes, field: str, sentence: str
) -> None:
    """By problem details with the field, through Litestar's decoding and through `read` alike."""
    for path in ("/api/sample", "/sample"):
        answer = await program.post(path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422, path
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["fields"] == {field: sentence}
        assert problem["status"] == 422


async def test_what_is_no_json_is_said_to_be_none(program: httpx.AsyncClient) -> None:
    """A body that ends too early, and one with half a character."""
    for body in (b'{"name": ', rb'{"name": "\ud800"}'):
        answer = await program.post("/api/sample", content=body)
        assert answer.status_code == 400
        assert "JSON" in answer.json()["detail"]


async def test_a_form_becomes_a_struct(dan: httpx.AsyncClient) -> None:
    """Spaces go, empty fields count as left out, lines are numbered, and local time is the site's."""
    answer = await dan.post(
        "/sample",
        data={
            "name": "  Fix\r\nthe tap ",
            "count": "",
            "at": "2026-07-01T12:00",
            "lines.0.quantity": "1.50",
            "lines.1.quantity": "",
            "urgent": "on",
            "command_id": "1",
        },
    )
    assert answer.json()["sample"] == {
        "name": "Fix\nthe tap",
        "count": 0,
        "at": "2026-07-01T12:00:00+03:00",
        "lines": [{"quantity": "1.50"}],
        "urgent": True,
    }


@pytest.mark.parametrize(
    "fields", [{"name.x.y.z.a.b.c": "1"}, {"name": "x", "name.y": "1"}, {"lines.0": "1"}]
)
async def test_a_strange_form_is_refused(dan: httpx.AsyncClient, fields: dict[str, str]) -> None:
    """Made by hand, not by one of our pages."""
    assert (await dan.post("/sample", data=fields)).status_code == 422


async def test_a_line_of_absurd_number_is_no_fault_of_ours(dan: httpx.AsyncClient) -> None:
    """Python refuses to read a number of five thousand digits."""
    answer = await dan.post("/sample", data={"name": "x", f"lines.{'1' * 5000}.quantity": "1"})
    assert answer.json()["sample"]["lines"] == [{"quantity": "1"}]


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("/tasks?status=new", "/tasks?status=new"),
        ("//evil.test/x", "/evil.test/x"),
        ("/\\evil.test", "/evil.test"),
    ],
)
async def test_the_way_back_stays_on_this_site(dan: httpx.AsyncClient, referer: str, back: str) -> None:
    """Whatever page a link was followed from."""
    shown = await dan.get("/refused", headers={"Referer": f"{HOST}{referer}"})
    assert f'href="{back}"' in shown.text
    for elsewhere in (f"http://evil.test/{HOST.removeprefix('http:')}/x", "nonsense"):
        shown = await dan.get("/refused", headers={"Referer": elsewhere})
        assert 'btn-primary" href="/"' in shown.text


@pytest.mark.parametrize("unreadable", ["http://[", "//[x"])
async def test_an_address_that_can_not_be_read_is_nobodys(
    dan: httpx.AsyncClient, stranger: httpx.AsyncClient, unreadable: str
) -> None:
    """In a header, made by hand: no fault of ours, no page to go back to, no origin to trust."""
    shown = await dan.get("/sample", headers={"Referer": unreadable})
    assert shown.status_code == 200
    assert (await dan.post("/sample", headers={"Origin": unreadable})).status_code == 403
    asked = {"HX-Request": "true", "HX-Current-URL": unreadable}
    assert (await stranger.get("/sample", headers=asked)).headers["hx-redirect"] == "/login?next=/"


async def test_a_refusal_is_a_page_for_people_and_a_problem_for_programs(
    dan: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    """The same sentence and status for both, escaped where it is HTML."""
    shown = await dan.get("/refused", headers={"Referer": f"{HOST}/tasks/7"})
    assert (shown.status_code, shown.headers["content-type"]) == (409, "text/html; charset=utf-8")
    assert "The &lt;offer&gt; is gone." in shown.text
    assert 'href="/tasks/7"' in shown.text
    told = await program.get("/refused")
    assert told.json() == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "The <offer> is gone.",
    }


async def test_a_fault_tells_a_reference_and_nothing_else(
    dan: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    """The trace is in the log alone."""
    for client in (dan, program):
        answer = await client.get("/broken")
        assert answer.status_code == 500
        assert "swordfish" not in answer.text
        assert "RuntimeError" not in answer.text
        assert "reference" in answer.text


async def test_a_database_that_is_away_says_try_again(program: httpx.AsyncClient) -> None:
    """503 with a sentence, and so for a full disk."""
    away, full = await program.get("/away"), await program.get("/full")
    assert (away.status_code, full.status_code) == (503, 503)
    assert "try again" in away.json()["detail"]
    assert "no room" in full.json()["detail"]


async def test_a_script_as_a_name_is_only_text(dan: httpx.AsyncClient) -> None:
    """In a text, in a field, in a text area, and in a hidden field."""
    shown = (await dan.get("/sample")).text
    assert "<script>alert" not in shown
    assert shown.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3


async def test_times_and_money_are_the_sites(dan: httpx.AsyncClient) -> None:
    """21:05 UTC is five past midnight in Riyadh, on the next day."""
    shown = (await dan.get("/sample")).text
    assert ">2 Jul 2024, 00:05</time>" in shown
    assert '<p id="money">€1,234.50</p>' in shown


async def test_files_are_text_for_nobody(dan: httpx.AsyncClient, program: httpx.AsyncClient) -> None:
    """A body that calls itself files is not cleaned, so it is empty for whoever reads text: no way around the wall."""
    files = {"Content-Type": "multipart/form-data; boundary=x"}
    for browser, path in ((dan, "/sample"), (program, "/sample"), (program, "/api/sample")):
        answer = await browser.post(path, content=rb'{"name": "a\u0000b"}', headers=files)
        assert answer.status_code in (400, 422), answer.text
    other = {"Content-Type": "application/json; multipart"}
    answer = await program.post("/sample", content=rb'{"name": "a\u0000b"}', headers=other)
    assert "control characters" in answer.json()["detail"]
