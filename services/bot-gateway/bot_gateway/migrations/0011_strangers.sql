-- Who came back after a deletion, and who is somebody's namesake.
ALTER TABLE technicians
    ADD COLUMN deleted_at timestamptz,           -- when they had been deleted, before they came back; null: never were
    ADD COLUMN called text GENERATED ALWAYS AS (same_name(coalesce(nullif(name, ''), telegram_name))) STORED;
CREATE INDEX technicians_called ON technicians (called) WHERE standing <> 'deleted';
