"""What others hear of reports."""

from typing import TypeAlias

from .event import Event


class ReportDeleted(Event):
    task: int


ReportEvent: TypeAlias = ReportDeleted
