-- All of this is folded from events, and `callout rebuild reporting` makes it again.

-- Every event. The id is a uuid7, so its order is the order of time, and it is the key that lists are paged by.
CREATE TABLE audit (
    id      uuid PRIMARY KEY,
    stream  text NOT NULL,
    version integer NOT NULL,
    kind    text NOT NULL,
    at      timestamptz NOT NULL,
    actor   text NOT NULL,
    data    jsonb NOT NULL,       -- the event alone: its sentence is made when it is read
    task    bigint,
    invoice bigint
);
CREATE INDEX audit_actor ON audit (actor, id);
CREATE INDEX audit_kind ON audit (kind, id);
CREATE INDEX audit_task ON audit (task, id) WHERE task IS NOT NULL;
CREATE INDEX audit_undelivered ON audit (id) WHERE kind IN ('DeliveryFailed', 'DeliveryUnknown');
-- What erasing a client has to find.
CREATE INDEX audit_client_names ON audit (stream) WHERE kind IN ('ClientAdded', 'ClientRenamed');

CREATE TABLE reports (
    task          bigint PRIMARY KEY,
    version       integer NOT NULL,     -- of the task, as folded so far
    title         text NOT NULL,
    description   text NOT NULL,
    area          text NOT NULL,
    priority      text NOT NULL,
    scheduled_at  timestamptz,
    client        bigint NOT NULL,
    technician    bigint,               -- the last one
    status        text NOT NULL,
    offer         integer NOT NULL,
    created_at    timestamptz NOT NULL,
    created_by    text NOT NULL,
    first_sent_at timestamptz,
    sent_at       timestamptz,          -- the current offer
    accepted_at   timestamptz,          -- the current offer
    completed_at  timestamptz,          -- empty again where the task is taken up once more
    response_time interval              -- from sending the current offer to its acceptance
);
CREATE INDEX reports_status ON reports (status, task);
CREATE INDEX reports_technician ON reports (technician, task) WHERE technician IS NOT NULL;
CREATE INDEX reports_waiting ON reports (sent_at) WHERE status = 'sent';

-- What `q` finds, apart from the reports so that a change of status doesn't index the text again.
CREATE TABLE report_words (
    task  bigint PRIMARY KEY,
    words tsvector NOT NULL
);
CREATE INDEX report_words_words ON report_words USING gin (words);

CREATE TABLE deleted_reports (
    task  bigint PRIMARY KEY,
    at    timestamptz NOT NULL,
    actor text NOT NULL
);

CREATE TABLE status_history (
    event   uuid PRIMARY KEY,
    task    bigint NOT NULL,
    invoice bigint,               -- null: the task's own status
    before  text,                 -- null: it came into being
    after   text NOT NULL,
    at      timestamptz NOT NULL,
    actor   text NOT NULL
);
CREATE INDEX status_history_task ON status_history (task, event);

CREATE TABLE responses (
    event      uuid PRIMARY KEY,
    task       bigint NOT NULL,
    offer      integer NOT NULL,
    technician bigint NOT NULL,
    response   text NOT NULL CHECK (response IN ('accepted', 'rejected', 'completed')),
    at         timestamptz NOT NULL,
    took       interval           -- since the offer was sent; null for a completion
);
CREATE INDEX responses_task ON responses (task, event);

CREATE TABLE rejection_reasons (
    task   bigint NOT NULL,
    offer  integer NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (task, offer)
);

CREATE TABLE report_invoices (
    invoice    bigint PRIMARY KEY,
    version    integer NOT NULL,
    task       bigint NOT NULL,
    technician bigint NOT NULL,
    currency   text NOT NULL,
    total      numeric NOT NULL,
    status     text NOT NULL,
    due_on     date,
    created_at timestamptz NOT NULL,
    sent_at    timestamptz,
    paid_at    timestamptz
);
CREATE INDEX report_invoices_task ON report_invoices (task, invoice);

-- How many tasks stand in each status, so that the overview need not count them.
CREATE TABLE status_counts (
    status text PRIMARY KEY,
    tasks  bigint NOT NULL
);
