"""Events written once, in PostgreSQL, then published: all that knows the events table."""

from .journal import Decider, Journal, Outcome
from .reactions import first_time
from .redaction import redact

__all__ = ["Decider", "Journal", "Outcome", "first_time", "redact"]
