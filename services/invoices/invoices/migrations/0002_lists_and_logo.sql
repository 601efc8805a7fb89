-- What the list narrows and adds up by, and the company's logo for the document.

-- The task's title as it was when the invoice was made; empty where the event doesn't tell it.
ALTER TABLE invoices ADD COLUMN task_title text NOT NULL DEFAULT '';
ALTER TABLE invoices ADD COLUMN words tsvector GENERATED ALWAYS AS (
    to_tsvector('simple', number::text || ' ' || task::text || ' ' || task_title)
) STORED;

ALTER TABLE invoices ADD COLUMN paid_at timestamptz;     -- of those that are paid
UPDATE invoices SET paid_at = paid.at
FROM (
    SELECT DISTINCT ON (stream) stream, at FROM events WHERE type = 'InvoiceStatusChanged'
    ORDER BY stream, version DESC
) paid
WHERE invoices.status = 'paid' AND paid.stream = 'invoice.' || invoices.number;

CREATE INDEX invoices_by_technician ON invoices (technician, number DESC);
CREATE INDEX invoices_by_client ON invoices (client, number DESC);
CREATE INDEX invoices_by_currency ON invoices (currency, number DESC);
CREATE INDEX invoices_by_day ON invoices (created_at);
CREATE INDEX invoices_by_words ON invoices USING gin (words);
CREATE INDEX clients_by_words ON names USING gin (to_tsvector('simple', name)) WHERE stream LIKE 'client.%';

-- The sums above the list are read from these two alone: what is open, and what was paid this month.
CREATE INDEX invoices_open ON invoices (due_on) INCLUDE (currency, total, technician) WHERE status = 'pending';
CREATE INDEX invoices_paid ON invoices (paid_at) INCLUDE (currency, total, technician) WHERE status = 'paid';

CREATE INDEX tasks_completed ON tasks (number DESC) WHERE status = 'completed';

CREATE TABLE logo (
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    image      bytea NOT NULL,
    media_type text NOT NULL
);
