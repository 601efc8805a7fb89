"""What the server shows now comes onto the page without taking anything from the person at it."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from shared.web.pages import STATIC, asset
from tests.notifier.dashboard import Dashboard

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (STATIC / "vendor" / "htmx.min.js").exists(), reason="`make static` has not run"),
]

SHOW = """html => {
  const part = document.createElement("div");
  part.id = "part";
  part.innerHTML = html;
  document.querySelector("#content .container-xl").replaceChildren(part);
}"""
MORPH = """async ([path, html]) => {
  const { morph } = await import(path);
  const fresh = new DOMParser().parseFromString(`<div id="part">${html}</div>`, "text/html");
  morph(document.getElementById("part"), fresh.getElementById("part"));
}"""


class Part:
    """A live part of a page, shown once and changed by the server."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def show(self, html: str) -> None:
        await self.page.evaluate(SHOW, html)

    async def becomes(self, html: str) -> None:
        await self.page.evaluate(MORPH, [asset("callout/morph.js"), html])

    async def value(self, of: str) -> Any:
        return await self.page.evaluate("of => document.querySelector(of).value", of)

    async def checked(self, of: str) -> bool:
        return bool(await self.page.evaluate("of => document.querySelector(of).checked", of))


@pytest.fixture
async def part(screen: Dashboard) -> Part:
    return Part(await screen.tab("/account"))


def form(
    name: str = "", notes: str = "", choice: str = "a", urgent: bool = False, colour: str = "red"
) -> str:
    options = "".join(
        f'<option value="{each}"{" selected" if each == choice else ""}>{each}</option>' for each in "abc"
    )
    radios = "".join(
        f'<input type="radio" name="colour" id="{each}" value="{each}"{" checked" if each == colour else ""}>'
        for each in ("red", "green", "blue")
    )
    return f"""<form id="form"><input id="name" name="name" value="{name}">
        <textarea id="notes" name="notes">{notes}</textarea><select id="choice" name="choice">{options}</select>
        <input id="urgent" type="checkbox" name="urgent"{" checked" if urgent else ""}>{radios}
        <input id="id" type="hidden" name="command_id" value="{name}-{notes}"></form>"""


async def test_fields_that_nobody_touched_follow_the_server(part: Part) -> None:
    """Again and again, also those that a person changed back."""
    await part.show(form())
    await part.page.fill("#name", "half")
    await part.page.fill("#name", "")
    for name, notes, choice, urgent, colour in (
        ("Tap", "drips", "b", True, "green"),
        ("Sink", "", "c", False, "blue"),
    ):
        await part.becomes(form(name, notes, choice, urgent, colour))
        assert await part.value("#name") == name
        assert await part.value("#notes") == notes
        assert await part.value("#choice") == choice
        assert await part.checked("#urgent") == urgent
        assert await part.checked(f"#{colour}")
        assert await part.value("#id") == f"{name}-{notes}"


async def test_what_is_half_typed_or_chosen_stays(part: Part) -> None:
    """Whatever the server says meanwhile, and with the cursor where it was."""
    await part.show(form("Tap", "drips"))
    await part.page.fill("#notes", "drips since Monday")
    await part.page.select_option("#choice", "b")
    await part.page.check("#urgent")
    await part.page.check("#green")
    await part.page.fill("#name", "Kitchen tap")
    await part.page.evaluate("document.getElementById('name').setSelectionRange(3, 3)")
    for other in ("Sink", "Bath"):
        await part.becomes("<p>moved</p>" + form(other, other, "c", False, "blue"))
        assert await part.value("#name") == "Kitchen tap"
        assert await part.value("#notes") == "drips since Monday"
        assert await part.value("#choice") == "b"
        assert await part.checked("#urgent")
        assert await part.checked("#green")
        assert (
            await part.page.evaluate("document.activeElement.id + document.activeElement.selectionStart")
            == "name3"
        )
    await part.page.keyboard.type("!")
    assert await part.value("#name") == "Kit!chen tap"


async def test_a_choice_is_kept_by_what_it_is_not_by_where_it_stands(part: Part) -> None:
    """An option that comes in above it moves the list, not the choice."""

    def options(*names: str) -> str:
        listed = "".join(f'<option value="{name}">{name}</option>' for name in ("", *names))
        return f'<select id="technician">{listed}</select>'

    await part.show(options("Anna", "Sami"))
    await part.page.select_option("#technician", "Sami")
    await part.page.evaluate("document.activeElement.blur()")
    await part.becomes(options("Anna", "Bo", "Chidi", "Sami"))
    assert await part.value("#technician") == "Sami"
    assert await part.page.locator("#technician option").all_text_contents() == [
        "",
        "Anna",
        "Bo",
        "Chidi",
        "Sami",
    ]


async def test_a_card_that_the_server_took_away_stays_while_its_text_is_half_typed(part: Part) -> None:
    """The others go."""
    cards = "".join(f'<div id="card-{n}"><input id="text-{n}" name="text" value=""></div>' for n in (1, 2))
    await part.show(cards)
    await part.page.fill("#text-1", "half typ")
    await part.becomes("")
    assert await part.value("#text-1") == "half typ"
    assert await part.page.locator("#card-2").count() == 0


async def test_a_card_moves_with_what_is_typed_in_it(part: Part) -> None:
    """To another column: the same element, with its cursor."""
    card = '<div id="card"><input id="text" value=""></div>'
    await part.show(f'<div id="new">{card}</div><div id="done"></div>')
    await part.page.fill("#text", "half typ")
    await part.becomes(f'<div id="new"></div><div id="done">{card}</div>')
    assert await part.page.locator("#done #text").input_value() == "half typ"
    assert await part.page.evaluate("document.activeElement.id") == "text"


async def test_what_was_opened_stays_open_and_what_was_closed_stays_closed(part: Part) -> None:
    """Details, menus, folds and tabs; what is in them changes."""

    def opened(count: int) -> str:
        return f"""
          <details id="more"><summary>More</summary>{count}</details><details open id="less">{count}</details>
          <div class="dropdown">
            <button id="button" class="btn colour-{count}" data-bs-toggle="dropdown" aria-expanded="false">Menu</button>
            <div class="dropdown-menu" id="items"><a class="dropdown-item" href="#">Item {count}</a></div>
          </div>
          <button data-bs-toggle="collapse" data-bs-target="#fold" id="folder">Fold</button>
          <div class="collapse" id="fold">{count}</div>
          <nav class="nav nav-tabs">
            <a class="nav-link active" data-bs-toggle="tab" href="#one" id="to-one">1</a>
            <a class="nav-link" data-bs-toggle="tab" href="#two" id="to-two">2</a>
          </nav>
          <div class="tab-content">
            <div class="tab-pane active" id="one">one</div><div class="tab-pane" id="two">two {count}</div>
          </div>"""

    page = part.page
    await part.show(opened(1))
    await page.locator("#more summary").click()
    await page.evaluate("document.getElementById('less').open = false")
    await page.locator("#folder").click()
    await expect(page.locator("#fold")).to_have_class("collapse show")
    await page.locator("#to-two").click()
    await page.locator("#button").click()
    await part.becomes(opened(2))
    assert await page.evaluate(
        "[document.getElementById('more').open, document.getElementById('less').open]"
    ) == [True, False]
    await expect(page.locator("#items")).to_be_visible()
    await expect(page.locator("#items")).to_have_text("Item 2")
    await expect(page.locator("#button")).to_have_class("btn colour-2 show")
    await expect(page.locator("#button")).to_have_attribute("aria-expanded", "true")
    await expect(page.locator("#fold")).to_be_visible()
    await expect(page.locator("#two")).to_be_visible()
    await expect(page.locator("#two")).to_have_text("two 2")
    await page.keyboard.press("Escape")
    await expect(page.locator("#items")).to_be_hidden()


async def test_what_a_fragment_or_a_script_has_filled_is_not_emptied(part: Part) -> None:
    """A fragment keeps what it fetched; what a script draws is told of the fresh data instead."""
    fragment = '<div id="fragment" hx-get="/notifications/waiting?ids=" hx-trigger="load">…</div>'
    await part.show(f'{fragment}<div id="chart" data-drawn data-points="1"></div><p id="count">1</p>')
    await part.page.evaluate("htmx.process(document.getElementById('part'))")
    await expect(part.page.locator("#fragment")).to_have_text('{"waiting":[]}')
    await part.page.evaluate(
        """() => { document.getElementById("fragment").innerHTML = "<b>fetched</b>";
             const chart = document.getElementById("chart");
             chart.innerHTML = "<i>drawn</i>";
             chart.addEventListener("callout:morphed", () => { window.drawn = chart.dataset.points; }); }"""
    )
    await part.becomes(f'{fragment}<div id="chart" data-drawn data-points="2"></div><p id="count">2</p>')
    await expect(part.page.locator("#count")).to_have_text("2")
    await expect(part.page.locator("#fragment b")).to_have_text("fetched")
    await expect(part.page.locator("#chart i")).to_have_text("drawn")
    assert await part.page.evaluate("window.drawn") == "2"


async def test_the_page_stays_where_it_was_scrolled_to(part: Part) -> None:
    """So does a list with its own scroll bar."""

    def rows(count: int) -> str:
        listed = "".join(f'<p id="row-{n}">Row {n}</p>' for n in range(count))
        return f'<div id="list" class="overflow-auto vh-100">{listed}</div>{"".join("<p>below</p>" for _ in range(60))}'

    await part.show(rows(100))
    await part.page.evaluate("document.getElementById('list').scrollTop = 500; window.scrollTo(0, 400)")
    await part.becomes(rows(101))
    assert await part.page.evaluate("[document.getElementById('list').scrollTop, window.scrollY]") == [
        500,
        400,
    ]
