"""Every sentence that people read about an event: in the audit log, and as a notification.

Nothing here is stored. A sentence is made when it is read, in the language of who reads it, from the event and
the names that are known then; so an erased client's name is gone from every sentence at once.
"""

from .kinds import AGGREGATES, LABELS, label
from .log import mentioned, sentence
from .notified import Line, newcomers, notification
from .parts import kept_failing, lacking, maybe_there, stored, unreadable

__all__ = [
    "AGGREGATES",
    "LABELS",
    "Line",
    "kept_failing",
    "label",
    "lacking",
    "maybe_there",
    "mentioned",
    "newcomers",
    "notification",
    "sentence",
    "stored",
    "unreadable",
]
