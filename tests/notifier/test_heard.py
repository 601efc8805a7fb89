"""What notifications sound like, and in which tab, in Chromium with an ear at its loudspeaker."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from playwright.async_api import expect

from notifier.kinds import KINDS
from shared.names import Names
from shared.sentences import notification
from shared.web.pages import STATIC, asset
from tests.notifier.conftest import Running, create, register
from tests.notifier.dashboard import Dashboard, heard, hide, struck, told
from tests.notifier.examples import EXAMPLES, recorded
from tests.people import eventually

C5 = 523  # hertz: the first note of "task created"

HOLD = """() => {
  const { setTimeout } = window;
  const held = [];
  window.setTimeout = (...later) => held.push(later);
  window.go = () => {
    window.setTimeout = setTimeout;
    for (const later of held) setTimeout(...later);
  };
}"""
"""What a page wants to do later waits for `go()`, however slow another page is."""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (STATIC / "vendor" / "htmx.min.js").exists(), reason="`make static` has not run"),
]


async def test_each_kind_has_a_short_motif_of_its_own(screen: Dashboard) -> None:
    """Every kind that the feed can tell of, each different, none longer than 700 ms."""
    lines = [notification(recorded(*example), Names()) for example in EXAMPLES]
    kinds = {line.kind for line in lines if line}
    page = await screen.tab(clicked=False)
    motifs, longest = await page.evaluate(
        """async path => {
             const { MOTIFS, VOICES, fades } = await import(path);
             const ends = Object.values(MOTIFS).flatMap(({ voice, notes }) =>
               notes.flatMap(([, begin]) => VOICES[voice].partials.map(([, , decay]) => fades(begin, decay))));
             return [MOTIFS, Math.max(...ends)];
           }""",
        asset("callout/motifs.js"),
    )
    assert kinds | {"problem"} == set(KINDS)
    assert set(KINDS) <= set(motifs)
    sounds = [f"{motif['voice']} {motif['notes']}" for motif in motifs.values()]
    assert len(set(sounds)) == len(sounds)
    assert longest <= 700


async def test_sound_that_the_browser_blocks_is_enabled_by_a_button(
    screen: Dashboard, notifier: Running
) -> None:
    """Until then nothing is tried; the button greets, and from then on notifications sound."""
    page = await screen.tab(clicked=False)
    button = page.get_by_role("button", name="Enable sound")
    await expect(button).to_be_visible()
    await create(notifier, 1)
    await told(page, "#1")
    assert await struck(page) == []
    await button.click()
    await expect(button).to_be_hidden()
    await heard(page, 1)
    greeting = len(await struck(page))
    await create(notifier, 2)
    await heard(page, greeting + 6)
    assert (await struck(page))[greeting] == C5


async def test_two_tabs_sound_once_and_the_one_that_is_left_takes_over(
    screen: Dashboard, notifier: Running
) -> None:
    """A tab in which the browser blocks sound is never the one that should play."""
    blocked = await screen.tab(clicked=False)
    first, second = await screen.tab(), await screen.tab()
    await create(notifier, 1)
    for page in (blocked, first, second):
        await told(page, "#1")
    await heard(first, 6)
    assert len(await struck(first)) == 6  # two notes of three partials
    assert await struck(second) == await struck(blocked) == []
    await first.close()
    await create(notifier, 2)
    await heard(second, 6)
    assert await struck(blocked) == []


async def test_without_locks_the_tab_in_front_sounds(screen: Dashboard, notifier: Running) -> None:
    """Browsers have none where Callout is opened by plain http from another machine."""
    await screen.context.add_init_script("Object.defineProperty(navigator, 'locks', { value: undefined })")
    front, back = await screen.tab(), await screen.tab()
    await hide(back)
    for number in (1, 2):
        await back.evaluate(HOLD)
        await create(notifier, number)
        await heard(front, 6 * number)
        await back.evaluate("go()")
        for page in (front, back):
            await told(page, f"#{number}")
    await back.evaluate("new Promise((done) => setTimeout(done, 600))")
    assert await struck(back) == []


async def test_many_at_once_are_one_sound(screen: Dashboard, notifier: Running) -> None:
    """The most urgent one's, and the next not before it has ended."""
    page = await screen.tab()
    await page.clock.install()
    await page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))

    async def came(count: int) -> bool:
        done: int = await page.evaluate(
            "JSON.parse(localStorage['callout.did.callout.sound'] ?? '[]').length"
        )
        return done == count

    for number in range(1, 8):
        await create(notifier, number)
    await eventually(partial(came, 7))
    await page.clock.run_for(100)
    assert len(await struck(page)) == 6
    await create(notifier, 8)
    await eventually(partial(came, 8))
    await page.clock.run_for(600)
    assert len(await struck(page)) == 6
    await page.clock.run_for(10_000)
    assert len(await struck(page)) == 12


async def test_a_kind_that_is_muted_is_silent_and_the_others_are_not(
    screen: Dashboard, notifier: Running
) -> None:
    """Chosen on the page of sounds, for this device, also for a tab that is already open."""
    page = await screen.tab()
    settings = await screen.tab("/settings/sounds", clicked=False)
    row = settings.locator("[data-kind=task_created]")
    await row.get_by_role("button", name="Play: Task created").click()
    await heard(settings, 6)
    await row.get_by_role("checkbox").uncheck()
    await create(notifier, 1)
    await told(page, "#1")
    await register(notifier)
    await told(page, "New technician")
    await heard(page, 8)
    assert len(await struck(page)) == 8  # the bell's two notes of four partials
    await settings.reload()
    await expect(row.get_by_role("checkbox")).not_to_be_checked()

    await settings.get_by_role("checkbox", name="Sound", exact=True).first.uncheck()
    await expect(page.locator("#sound")).to_have_attribute("data-state", "off")
    await create(notifier, 2)
    await told(page, "#2")
    assert len(await struck(page)) == 8
    await page.locator("#sound [data-bs-toggle]").click()
    await page.locator("#sound [data-mute]").check()
    await expect(settings.get_by_role("checkbox", name="Sound", exact=True).first).to_be_checked()
