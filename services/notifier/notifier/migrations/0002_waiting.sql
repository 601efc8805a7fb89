-- Notifications that ask for an answer which has not come, and what each is about (`task.1042`); filled
-- again by `callout rebuild notifier`.
CREATE TABLE waiting (
    id    uuid PRIMARY KEY,
    about text NOT NULL
);
CREATE INDEX waiting_about ON waiting (about);

-- Those that an admin put aside without an answer. Kept through a rebuild.
CREATE TABLE put_aside (
    id    uuid PRIMARY KEY,
    login text NOT NULL,
    at    timestamptz NOT NULL DEFAULT now()
);

CREATE VIEW unanswered AS
    SELECT w.id FROM waiting w WHERE NOT EXISTS (SELECT FROM put_aside p WHERE p.id = w.id);

CREATE VIEW arrived AS
    SELECT a.position, n.kind, n.event, w.id IS NOT NULL AND p.id IS NULL AS waits
    FROM arrivals a JOIN notifications n USING (id)
    LEFT JOIN waiting w USING (id) LEFT JOIN put_aside p USING (id);
