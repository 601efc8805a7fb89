"""`compose.cluster.yaml`: three NATS servers, of which one may die."""

from functools import partial

from tests.compose.checks import reached, the_doctor_is_content
from tests.compose.engine import Compose, Failed, run
from tests.journeys.test_workflow import completed, joined
from tests.people import eventually


async def a_bus_of_three_survives_one(compose: Compose) -> str:
    """The one that leads the stream EVENTS is killed; a whole round goes on as before, and again when it is back."""
    cluster = Compose(compose.folder, compose.port, files=("compose.yaml", "compose.cluster.yaml"))
    cluster.version = compose.version
    await cluster.ask_without_wget()
    await cluster.up()
    async with reached(cluster) as callout, callout.office.screen() as screen:
        worker = await joined(callout, "Lea Haddad")
        await completed(callout, worker)
        for each in ("nats", "nats2", "nats3"):
            name = (await cluster("ps", "--format", "{{.Name}}", each)).strip()
            await run("docker", "kill", name, folder=cluster.folder)
            number = await completed(callout, worker)
            await eventually(partial(the_doctor_names, cluster, each), seconds=30)
            await screen.shows("task_completed", f"#{number}")
            await run("docker", "start", name, folder=cluster.folder)
            await cluster.up("--no-recreate")
        ids = [frame["id"] for frame in screen.frames if "id" in frame]
    assert len(set(ids)) == len(ids), "a notification came twice"
    await the_doctor_is_content(cluster)
    return "each of the three in turn; nothing that an admin sees changed"


async def the_doctor_names(cluster: Compose, server: str) -> bool:
    """One that was killed without a word lags behind at first, and counts as away later. Until the other two have
    chosen who leads, more than that may be wrong."""
    try:
        said = await cluster("run", "--rm", "-T", "--no-deps", "operator", "doctor")
    except Failed as failed:
        said = str(failed)
    return f"servers that keep EVENTS, {server} " in said
