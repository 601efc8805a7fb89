-- Tasks, their offers and deliveries, clients and technicians, as the pages show them.
-- All but client_contacts and the sequences can be emptied and folded again.

CREATE SEQUENCE task_numbers AS bigint START 1001;
CREATE SEQUENCE client_numbers AS bigint START 1;

CREATE TABLE tasks (
    number       bigint PRIMARY KEY,
    version      integer NOT NULL,
    status       text NOT NULL,
    status_since timestamptz NOT NULL,
    title        text NOT NULL,
    description  text NOT NULL,
    area         text NOT NULL,
    priority     text NOT NULL,
    scheduled_at timestamptz,
    client       bigint NOT NULL,
    technician   bigint,
    offer        integer NOT NULL DEFAULT 0,
    stands       boolean NOT NULL DEFAULT false,  -- whether the offer may still be answered
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    words        tsvector GENERATED ALWAYS AS (
        to_tsvector('simple', number::text || ' ' || title || ' ' || area || ' ' || description)
    ) STORED
);

-- Each filter of the list ends in the number, by which it is paged.
CREATE INDEX tasks_shown ON tasks (number DESC) WHERE status <> 'deleted';
CREATE INDEX tasks_by_status ON tasks (status, number DESC);
CREATE INDEX tasks_by_technician ON tasks (technician, number DESC) WHERE status <> 'deleted';
CREATE INDEX tasks_by_technician_and_status ON tasks (technician, status, number DESC);
CREATE INDEX tasks_by_client ON tasks (client, number DESC) WHERE status <> 'deleted';
CREATE INDEX tasks_by_words ON tasks USING gin (words);

CREATE TABLE offers (
    task           bigint,
    offer          integer,
    technician     bigint NOT NULL,
    sent_at        timestamptz,  -- null: accepted by hand, so that client info was its first message
    accepted_at    timestamptz,
    rejected_at    timestamptz,
    reason         text,
    client_info_at timestamptz,  -- the latest time it went out
    completed_at   timestamptz,
    withdrawn_at   timestamptz,
    task_info_event   uuid,      -- the event that had task info go out
    client_info_event uuid,      -- the latest event that had client info go out
    PRIMARY KEY (task, offer)
);

-- What became of the message that an event had go out; without a row here it is still queued.
CREATE TABLE deliveries (
    event  uuid PRIMARY KEY,
    state  text NOT NULL,
    reason text NOT NULL
);

CREATE TABLE technicians (
    id         bigint PRIMARY KEY,   -- Telegram user id
    name       text NOT NULL,        -- Telegram's
    given_name text NOT NULL DEFAULT '',
    username   text,
    status     text NOT NULL
);
CREATE INDEX technicians_by_name ON technicians (lower(coalesce(nullif(given_name, ''), name)), id);

CREATE TABLE clients (
    id         bigint PRIMARY KEY,
    version    integer NOT NULL,
    name       text NOT NULL,
    erased     boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    words      tsvector GENERATED ALWAYS AS (to_tsvector('simple', name)) STORED
);
CREATE INDEX clients_by_name ON clients (lower(name), id) WHERE NOT erased;
CREATE INDEX clients_by_words ON clients USING gin (words);

-- Phone, e-mail, address and notes: encrypted, in no event, and so never emptied by a rebuild.
CREATE TABLE client_contacts (
    client bigint PRIMARY KEY,
    data   bytea NOT NULL
);
