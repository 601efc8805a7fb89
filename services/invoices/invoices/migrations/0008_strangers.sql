-- Whom nobody has kept, so that an invoice does not go to a stranger unasked. Whoever was here before counts as kept;
-- `callout rebuild invoices` fills it from what happened.
ALTER TABLE technicians
    ADD COLUMN kept      boolean NOT NULL DEFAULT true,
    ADD COLUMN joined_at timestamptz,            -- null: before this column was
    ADD COLUMN sent_at   timestamptz;            -- when something was last sent to them, which keeps them too
