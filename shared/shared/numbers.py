"""What a number may be before PostgreSQL is asked about it."""

BIGGEST = 2**63 - 1
"""The largest that a `bigint` holds; none beyond it was ever given to anything."""
