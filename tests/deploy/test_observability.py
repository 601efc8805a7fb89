"""Alerts and dashboard speak of what the services really expose, so that neither can go quiet unnoticed."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.journeys.test_workflow import completed, joined
from tests.people import eventually
from tests.running import Callout, only

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "observability"
SERVICES = {"tasks", "bot-gateway", "invoices", "notifier", "reporting"}
PROMETHEUS_OWN = {"up"}
OF_TARGETS = {"job", "instance"}

ALERTS: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
BOARD: dict[str, Any] = json.loads((FOLDER / "grafana" / "callout.json").read_text())
PANELS: list[dict[str, Any]] = [panel for panel in BOARD["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    for rule in ALERTS:
        yield rule["alert"], rule["expr"]
    for panel in PANELS:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$__rate_interval", "5m")


def used(expression: str) -> Iterator[tuple[str, set[str]]]:
    """The series that an expression reads, each with the labels that it is chosen by."""
    found: list[tuple[str, set[str]]] = []

    def look(node: promql.Expr) -> None:
        if isinstance(node, promql.MatrixSelector):
            node = node.vector_selector
        if isinstance(node, promql.VectorSelector):
            assert node.name, expression
            found.append((node.name, {matcher.name for matcher in node.matchers.matchers}))

    promql.walk(promql.parse(expression), look)
    yield from found


@only("one process")
async def test_every_series_that_is_read_is_exposed(fresh: Callout) -> None:
    """By name, and by the labels that it is chosen and summed by, after a task's whole way."""
    await completed(fresh, await joined(fresh))

    async def told() -> dict[str, set[str]] | None:
        """Series → labels, once all are there: some are measured every few seconds."""
        exposed: dict[str, set[str]] = {}
        for family in text_string_to_metric_families((await fresh.office.http.get("/metrics")).text):
            for sample in family.samples:
                exposed.setdefault(sample.name, set()).update(sample.labels)
            if family.type == "counter":
                exposed.setdefault(f"{family.name}_total", set())
        unknown = {
            (where, name)
            for where, expression in expressions()
            for name, _ in used(expression)
            if name not in exposed and name not in PROMETHEUS_OWN
        }
        told.__doc__ = f"series for {unknown}"
        return None if unknown else exposed

    exposed: dict[str, set[str]] = await eventually(told)
    unlabelled = {
        (where, name, label)
        for where, expression in expressions()
        for name, labels in used(expression)
        for label in labels - OF_TARGETS - {"le"}
        if exposed.get(name) and label not in exposed[name]
    }
    assert not unlabelled
    for where, expression in expressions():
        names = {name for name, _ in used(expression)} - PROMETHEUS_OWN
        summed = {
            label
            for labels in re.findall(r"\b(?:by|on) \(([^)]+)\)", expression)
            for label in labels.split(", ")
        }
        if all(exposed[name] for name in names):  # what has not happened yet shows no labels
            assert summed <= OF_TARGETS.union(*(exposed[name] for name in names)), where
    assert all(name.startswith(("callout_", "process_", "python_")) for name in exposed)


@pytest.mark.parametrize("rule", ALERTS, ids=[rule["alert"] for rule in ALERTS])
def test_an_alert_says_what_is_wrong_and_what_to_do(rule: dict[str, Any]) -> None:
    assert re.fullmatch(r"Callout[A-Z][A-Za-z]+", rule["alert"])
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert set(rule["annotations"]) == {"summary", "action"}
    assert len(rule["annotations"]["action"]) > 20


def test_alerts_have_names_of_their_own() -> None:
    names = [rule["alert"] for rule in ALERTS]
    assert len(set(names)) == len(names)


def test_panels_lie_side_by_side_and_read_from_the_data_source_that_there_is() -> None:
    source = yaml.safe_load((FOLDER / "grafana" / "datasource.yaml").read_text())["datasources"][0]["uid"]
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        at = panel["gridPos"]
        fields = {
            (x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
        }
        assert not fields & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= fields
        assert all(target["datasource"]["uid"] == source for target in panel.get("targets", ()))
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])


def test_prometheus_finds_every_service_of_the_compose_file() -> None:
    config = yaml.safe_load((FOLDER / "prometheus.yaml").read_text())
    (found,) = config["scrape_configs"][0]["dns_sd_configs"]
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    served = {name for name, one in compose.items() if one.get("command", [])[:1] == ["serve"]}
    assert set(found["names"]) == served == SERVICES
    for rule in ALERTS:
        for names in re.findall(r'job=~?"([^"]+)"', rule["expr"]):
            assert set(names.split("|")) <= served
    assert {rule["alert"]: rule["expr"].count("absent(") for rule in ALERTS}["CalloutServiceGone"] == len(
        served
    )


def test_the_second_compose_file_mounts_what_there_is_and_opens_no_door_to_the_world() -> None:
    watchers = yaml.safe_load((ROOT / "compose.observability.yaml").read_text())
    for name, service in watchers["services"].items():
        assert re.search(r":v?\d+\.\d+\.\d+$", service["image"]), name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            assert (ROOT / source).is_file() if source.startswith(".") else source in watchers["volumes"]
    assert "ports" not in watchers["services"]["prometheus"]
