"""A task's report as PDF."""

import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from reporting import document, views
from reporting.document import render
from shared.contract.site import Site
from shared.service import Service
from tests.reporting.conftest import Told
from tests.reporting.histories import boiler

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


async def test_a_report_is_downloaded_as_pdf(told: Told, office: httpx.AsyncClient) -> None:
    """A file with the task's number; of a task without report there is none."""
    await told(boiler())
    answer = await office.get("/reports/1042/document")
    assert answer.content.startswith(b"%PDF-")
    assert answer.headers["content-type"] == "application/pdf"
    assert 'filename="report-1042.pdf"' in answer.headers["content-disposition"]
    assert (await office.get("/reports/7/document")).status_code == 404
    assert 'href="/reports/1042/document"' in (await office.get("/reports/1042")).text


async def test_the_pdf_tells_the_whole_story_in_the_language_of_the_site(
    told: Told, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every response, invoice, change and event, whatever the reader of the dashboard speaks."""
    await told(boiler())
    report = await views.report(service.pool, 1042)
    assert report
    printed: dict[str, Any] = {}

    def compiled(layout: bytes, values: dict[str, object], *rest: object, **more: object) -> bytes:
        printed.update(values)
        return b"%PDF-"

    monkeypatch.setattr(document, "compiled", compiled)
    await render(report, Site(company="Harbour Plumbing", time_zone="Asia/Beirut", language="ar"), NOON)
    assert printed["language"] == "ar"
    assert [len(table["rows"]) for table in printed["tables"]] == [3, 1, 9, len(report.timeline)]
    text = str(printed)
    for words in ("Harbour Plumbing", "Boiler drips", "Mrs Haddad", "No van today", "36.18", "نوفمبر"):
        assert words in text


async def test_what_people_typed_is_no_code_of_the_layout(told: Told, service: Service) -> None:
    """Nor does a language, a long word or an empty report break it."""
    await told(boiler())
    report = await views.report(service.pool, 1042)
    assert report
    title = '#read("/etc/passwd") $x$ *b* \\ ' + "w" * 400
    nasty = replace(report.task, title=title, description="#panic()\n\n\u202e]")
    for site in (Site(), Site(language="ar", company="شركة الميناء")):
        full = await render(replace(report, task=nasty), site, NOON)
        bare = await render(replace(report, responses=[], invoices=[], timeline=[]), site, NOON)
        assert full.startswith(b"%PDF-")
        assert len(bare) < len(full)
        assert await render(replace(report, task=nasty), site, NOON) == full, "the same bytes again"
        assert not re.search(rb"passwd:|root:x", full)


async def test_a_story_without_end_is_printed_up_to_where_there_is_memory(
    told: Told, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its newest lines, and a word about the others; ten thousand took more than a container has."""
    await told(boiler())
    report = await views.report(service.pool, 1042)
    assert report
    printed: dict[str, Any] = {}
    monkeypatch.setattr(document, "compiled", lambda _layout, values, _at, **_how: printed.update(values))
    await render(replace(report, timeline=report.timeline * 1000), Site(), NOON)
    *others, timeline = printed["tables"]
    assert len(timeline["rows"]) == document.MOST
    assert timeline["note"].startswith(f"The last {document.MOST} of {len(report.timeline) * 1000}")
    assert {each["note"] for each in others} == {""}
    monkeypatch.undo()
    pdf = await render(replace(report, timeline=report.timeline * 1000), Site(), NOON)
    assert pdf.startswith(b"%PDF-")
