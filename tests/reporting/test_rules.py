"""When a report is deleted, and when that is refused."""

import pytest

from reporting.domain import DeleteReport, Report, decide, evolve, words
from shared.contract.report import ReportDeleted
from shared.refusal import Refused, Why


def test_a_report_that_is_there_is_deleted() -> None:
    """One event, which names the task."""
    assert decide(DeleteReport(1042), Report()) == [ReportDeleted(1042)]


def test_a_deleted_report_is_refused_with_where_to_look() -> None:
    """The second deletion says that there is nothing, and that the audit log still tells."""
    deleted = evolve(Report(), ReportDeleted(1042))
    with pytest.raises(Refused, match=r"#1042 was deleted.*audit log") as refused:
        decide(DeleteReport(1042), deleted)
    assert refused.value.why is Why.MISSING


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("Boiler, BOILER & “Zürich”", ["boiler", "zürich"]),
        ("a_b:*'\\|!(", ["a", "b"]),
        ("سخان الماء", ["سخان", "الماء"]),
        ("…", []),
        ("x" * 5000, ["x" * 100]),
    ],
)
def test_a_search_compares_words_without_marks_and_case(typed: str, found: list[str]) -> None:
    """In any script; what a query language would read as an operator is no word."""
    assert words(typed) == found
