-- Which notification tells of each newcomer: its own, or, where more than five joined within a minute, that of the first
-- of the others. Decided once and kept through a rebuild, so that nothing rings twice.
CREATE TABLE newcomers (
    event        uuid PRIMARY KEY,               -- of the registration
    technician   bigint NOT NULL,
    returned     boolean NOT NULL,               -- had been deleted before
    at           timestamptz NOT NULL,
    notification uuid NOT NULL,
    crowded      boolean NOT NULL,               -- five had joined in the minute before
    answered     boolean NOT NULL DEFAULT false  -- somebody has kept, edited, paused or deleted them
);
CREATE INDEX newcomers_at ON newcomers (at);
CREATE INDEX newcomers_told ON newcomers (notification);
CREATE INDEX newcomers_open ON newcomers (technician) WHERE NOT answered;
