"""What `make bench` measures is still there: the rows that take minutes, on a few tasks."""

from local.servers import Servers
from local.stack import SERVICES
from shared.settings import Settings, from_environment
from tests.bench import lists, refold
from tests.running import SECRET, environment, one_process, role_of, settings_on


def test_a_process_has_every_setting_that_it_is_given() -> None:
    """The pace, too: `tap` is measured with Telegram's limits lifted."""
    given = Settings(
        postgres="postgresql://tasks:word@127.0.0.1/callout", nats="nats://127.0.0.1", secret=SECRET,
        telegram_pace=1000.0, telegram_webhook=True, nats_replicas=3, log_level="debug",
    )  # fmt: skip
    assert from_environment(environment(given)) == given


async def test_each_list_shows_what_was_written_into_its_tables(clean: Servers) -> None:
    """The rows of tests/bench/rows fit the tables as they are, and every page that is measured finds some."""
    async with one_process({name: settings_on(clean, role_of(name)) for name in SERVICES}) as callout:
        addresses, _, token, _ = callout
        await lists.fill(clean, 1000)
        filled = lists.Installation(addresses, token)
        assert [path for path in lists.PAGES if not await filled.shows(path)] == []


async def test_reporting_folds_all_that_was_published(clean: Servers) -> None:
    """The stream that is folded anew holds whole lives of tasks, which reporting takes in to the last event."""
    (figure,) = await refold.measure_on(clean, tasks=20, rounds=1)
    assert figure.what == "reporting folded from 220 events"
