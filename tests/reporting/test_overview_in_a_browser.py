"""The overview in Chromium: charts under a strict policy, buttons that leave the page where it is."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page

from tests.browser import chromium
from tests.people import Person, eventually
from tests.running import Callout, only

pytestmark = pytest.mark.browser


@pytest.fixture
async def desk(fresh: Callout) -> AsyncIterator[Page]:
    """The owner's screen; whatever the page complains about fails the test."""
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        complaints: list[str] = []
        page.on(
            "console",
            lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None,
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(f"{fresh.url}/login")
        await page.fill("[name=login]", "owner")
        await page.fill("[name=password]", fresh.password)
        await page.click("main button[type=submit]")
        await page.wait_for_selector("#overview")
        yield page
        assert complaints == []


async def rejecting(callout: Callout) -> tuple[int, Person]:
    """A task that Rami has rejected."""
    rami = await callout.phones.person("Rami", "rami_fixes")
    await rami.start()
    await callout.office.knows(rami)
    task = await callout.office.task(technician_id=rami.id)
    await callout.office.post(f"/api/tasks/{task}/dispatch")
    await rami.presses(await rami.sees(f"#{task}", button="Accept"), "Reject")
    await callout.office.sees_task(task, status="rejected")
    return task, rami


@only("one process")
async def test_what_needs_a_human_comes_and_goes_by_itself(fresh: Callout, desk: Page) -> None:
    """A rejection appears with its button; given to the same technician again, it is gone; and the charts live."""
    assert await desk.locator("#attention .callout-waiting").count() == 0
    task, rami = await rejecting(fresh)
    await desk.wait_for_selector(f"#rejected-{task} a[href='/tasks/{task}/assignment']")
    await desk.wait_for_selector("#outcomes-chart canvas")
    await desk.locator("#as-table summary").click()
    shown = await desk.locator("#outcomes-chart").get_attribute("data-chart")
    drawing = await desk.evaluate_handle("document.querySelector('#outcomes-chart canvas')")

    await fresh.office.post(f"/api/tasks/{task}/assignment", {"technician_id": rami.id})
    await desk.wait_for_selector(f"#rejected-{task}", state="detached")
    await desk.wait_for_function(
        "shown => document.querySelector('#outcomes-chart').dataset.chart !== shown", arg=shown
    )
    assert await drawing.evaluate("canvas => canvas.isConnected"), (
        "the chart got new values, not a new canvas"
    )
    assert await desk.locator("#as-table").get_attribute("open") is not None, "what was opened stays open"


@only("one process")
async def test_a_chart_under_the_pointer_tells_its_day_and_waits_with_changes(
    fresh: Callout, desk: Page
) -> None:
    """Nothing moves under a mouse that reads; what came meanwhile is drawn when it leaves."""
    rejected, *_ = await rejecting(fresh)
    await desk.wait_for_selector(f"#rejected-{rejected}")  # which moves what is below it
    await desk.wait_for_selector("#outcomes-chart canvas")
    await desk.locator("#outcomes-chart").scroll_into_view_if_needed()
    box = await desk.locator("#outcomes-chart .u-over").bounding_box()
    assert box
    await desk.mouse.move(box["x"] + box["width"] - 6, box["y"] + box["height"] / 2)
    tip = desk.locator("#outcomes-chart .callout-tip")
    await tip.wait_for(state="visible")
    read = await tip.inner_text()
    assert "Rejected" in read
    await fresh.office.task()
    await desk.wait_for_function("() => document.querySelector('#outcomes').innerText.includes('2 tasks')")
    assert await tip.inner_text() == read
    await desk.mouse.move(5, 5)
    await desk.mouse.move(box["x"] + box["width"] - 6, box["y"] + box["height"] / 2)

    async def caught_up() -> bool:
        """the new task in the tip"""
        return await tip.inner_text() != read

    await eventually(caught_up)


@only("one process")
async def test_a_button_of_the_overview_leaves_the_page_where_it_is(fresh: Callout, desk: Page) -> None:
    """Sent anew by one click: the message goes out once more, and the line is gone."""
    rami = await fresh.phones.person("Rami", "rami_fixes")
    await rami.start()
    await fresh.office.knows(rami)
    task = await fresh.office.task(technician_id=rami.id)
    await rami.blocks()
    await fresh.office.post(f"/api/tasks/{task}/dispatch")
    again = desk.locator("#attention form[action$='/dispatch'] button")
    await again.wait_for()
    await rami.unblocks()
    await rami.start()
    await again.click()
    await rami.sees(f"#{task}", button="Accept")
    await again.wait_for(state="detached")
    assert desk.url.rstrip("/") == fresh.url


@only("one process")
async def test_an_axis_of_times_has_no_label_twice(fresh: Callout, desk: Page) -> None:
    """Whatever the highest value is, from seconds to weeks; what is drawn is read from the canvas."""
    await rejecting(fresh)
    await desk.wait_for_selector("#response-chart canvas")
    for seconds in (3, 70, 100, 130, 400, 5000, 9000, 40_000, 150_000, 300_000, 2_000_000):
        labels = await desk.evaluate(DRAWN, seconds)
        assert len(labels) > 2, seconds
        assert len(labels) == len(set(labels)), (seconds, labels)


DRAWN = """async (seconds) => {
  const place = document.querySelector("#response-chart");
  const labels = [];
  const drawing = CanvasRenderingContext2D.prototype;
  const { fillText } = drawing;
  drawing.fillText = function (text, ...more) {
    if (/^0$|[0-9] ?(sec|min|hr|day)/.test(text)) labels.push(text);
    return fillText.call(this, text, ...more);
  };
  const content = JSON.parse(place.dataset.chart);
  for (const each of content.series) each.values = each.values.map(() => seconds);
  place.dataset.chart = JSON.stringify(content);
  place.dispatchEvent(new Event("callout:morphed"));
  await new Promise((done) => requestAnimationFrame(done));
  drawing.fillText = fillText;
  return labels;
}"""
"""What stands at the axis of a chart once its values are these."""
