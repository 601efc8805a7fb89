"""Taking back what the journal of one stream says, where somebody may ask to be forgotten.

The stream stays whole: the same versions, with one field emptied. The relay has the bus
forget the stream and publishes it anew.
"""

from collections.abc import Collection

import asyncpg

from shared.contract.event import Event

SCAN = 300.0  # seconds that looking through all answers may take

# The fingerprint of a command is made of what it said, and what is said of a person can be guessed and tried.
# The latest version's command is the one that asks for all this; when repeated, it gets its first answer.
_COMMANDS = """
UPDATE commands SET fingerprint = '', answer = jsonb_set(answer, '{events}', (
    SELECT coalesce(jsonb_agg(
        CASE WHEN event->>'type' = ANY($2) THEN jsonb_set(event, ARRAY[$3], '""') ELSE event END ORDER BY place
    ), '[]') FROM jsonb_array_elements(answer->'events') WITH ORDINALITY AS e(event, place)
))
WHERE answer->>'stream' = $1
  AND (answer->>'version')::int < (SELECT max(version) FROM events WHERE stream = $1)
"""

_QUEUE = """
INSERT INTO outbox (position, again) SELECT position, true FROM events WHERE stream = $1 ORDER BY position
ON CONFLICT (position) DO UPDATE SET again = true
"""


async def redact(
    connection: asyncpg.Connection, stream: str, field: str, events: Collection[type[Event]]
) -> None:
    """Empties a text of these events of the stream, and of what commands on it were answered.

    In the transaction that appended the stream's last event, the one that says so.
    """
    types = [event.__name__ for event in events]
    await connection.execute("SELECT redact_history($1, $2, $3)", stream, types, field)
    await connection.execute(_COMMANDS, stream, types, field, timeout=SCAN)
    await connection.execute(_QUEUE, stream)
