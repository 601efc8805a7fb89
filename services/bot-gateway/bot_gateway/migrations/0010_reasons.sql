-- Which rejections a technician was asked about: a row for each, where awaited_reasons has one for a technician. What
-- a version before this asked still stands there and is still read, so it stays until the next release.
-- Never rebuilt.
CREATE TABLE reason_questions (
    technician  bigint NOT NULL,
    task        bigint NOT NULL,
    offer       integer NOT NULL,
    open        boolean NOT NULL,        -- neither answered nor skipped
    asked_at    timestamptz NOT NULL,    -- the last time
    rejected_at timestamptz,             -- when the press on Reject was stored; null: a version before this asked
    message     uuid,                    -- the delivery that asked last; null likewise
    PRIMARY KEY (technician, task, offer)
);
CREATE INDEX reason_questions_open ON reason_questions (technician, asked_at DESC) WHERE open;

-- By the clock that events go by; received_at goes by the database's, as all that waits does. Null: as received_at.
ALTER TABLE updates ADD COLUMN arrived_at timestamptz;
