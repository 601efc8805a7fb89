-- How much each technician has to do, how they answer, and how soon: for the pages of technicians.
-- What was folded before is counted as far as its rows tell; `callout rebuild bot-gateway` counts all of it.

ALTER TABLE offers
    ADD COLUMN sent_at     timestamptz,          -- null: folded before this column was, or accepted by hand
    ADD COLUMN answered_at timestamptz;          -- when the technician accepted or rejected it
CREATE INDEX offers_newest ON offers (technician, task DESC, offer DESC);
CREATE INDEX offers_answered ON offers (technician, answered_at DESC)
    WHERE answered_at IS NOT NULL AND sent_at IS NOT NULL;

CREATE INDEX cards_held ON cards (technician)
    WHERE status IN ('assigned', 'sent', 'accepted', 'in_progress');

-- Counted as the events are folded.
CREATE TABLE answers (
    technician bigint PRIMARY KEY,
    accepted   integer NOT NULL DEFAULT 0,
    rejected   integer NOT NULL DEFAULT 0,
    completed  integer NOT NULL DEFAULT 0
);
INSERT INTO answers (technician, accepted, rejected, completed)
SELECT technician,
       count(*) FILTER (WHERE state IN ('accepted', 'in_progress', 'completed')),
       count(*) FILTER (WHERE state = 'rejected'),
       count(*) FILTER (WHERE state = 'completed')
FROM offers GROUP BY technician;
