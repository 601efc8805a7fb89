-- Whom somebody has kept, since when each is here, and who is somebody's namesake.
-- Whoever was here before this column counts as kept: the office has worked with them, and a colleague of years must not
-- be a stranger overnight. `callout rebuild tasks` fills all of it from what happened.
ALTER TABLE technicians
    ADD COLUMN kept       boolean NOT NULL DEFAULT true,
    ADD COLUMN joined_at  timestamptz,           -- null: before this column was
    ADD COLUMN deleted_at timestamptz,           -- when they were deleted; also of those who came back since
    ADD COLUMN called     text GENERATED ALWAYS AS (same_name(coalesce(nullif(given_name, ''), name))) STORED;
CREATE INDEX technicians_called ON technicians (called) WHERE status <> 'deleted';

-- Whether something was sent to somebody since they joined.
CREATE INDEX offers_of_technician ON offers (technician);
