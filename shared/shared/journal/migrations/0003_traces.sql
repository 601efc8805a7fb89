-- What set an event off, for whoever publishes it; and since when it waits.
ALTER TABLE outbox
    ADD COLUMN trace     text,          -- the header `traceparent`
    ADD COLUMN queued_at timestamptz NOT NULL DEFAULT now();
