-- Projected and folded: `callout rebuild bot-gateway` empties these and fills them again.

CREATE TABLE technicians (
    id            bigint PRIMARY KEY,            -- Telegram user id
    telegram_name text NOT NULL,
    username      text,
    language      text,
    name          text NOT NULL DEFAULT '',      -- the team's own name; empty: Telegram's
    note          text NOT NULL DEFAULT '',
    shown         text NOT NULL GENERATED ALWAYS AS (coalesce(nullif(name, ''), telegram_name)) STORED,
    standing      text NOT NULL,
    blocked       boolean NOT NULL DEFAULT false,
    reviewed      boolean NOT NULL DEFAULT false,
    registered_at timestamptz NOT NULL,
    version       integer NOT NULL
);
CREATE INDEX technicians_newest ON technicians (registered_at DESC, id DESC) WHERE standing <> 'deleted';

CREATE TABLE bot (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    link     text NOT NULL,
    bot_id   bigint NOT NULL,
    username text NOT NULL,
    name     text NOT NULL,
    reason   text NOT NULL DEFAULT '',
    at       timestamptz NOT NULL,
    version  integer NOT NULL
);

-- What a technician may know of a task before accepting it; nothing of its client.
CREATE TABLE cards (
    task       bigint PRIMARY KEY,
    details    jsonb NOT NULL,
    status     text NOT NULL,
    technician bigint,
    offer      integer NOT NULL DEFAULT 0
);

CREATE TABLE offers (
    task       bigint NOT NULL,
    offer      integer NOT NULL,
    technician bigint NOT NULL,
    state      text NOT NULL,
    over       boolean NOT NULL DEFAULT false,   -- a newer offer or a withdrawal ended it for good
    PRIMARY KEY (task, offer)
);
CREATE INDEX offers_of_technician ON offers (technician) WHERE NOT over;

-- Of whom a technician's chat may hold client info; only which client it is, for when that one is erased.
CREATE TABLE informed (
    client bigint NOT NULL,
    task   bigint NOT NULL,
    offer  integer NOT NULL,
    PRIMARY KEY (client, task, offer)
);

-- Never rebuilt.

CREATE TABLE bot_token (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    sealed   bytea NOT NULL,                     -- encrypted; in no log and no event
    masked   text NOT NULL
);

-- What Telegram told, stored before it is confirmed to Telegram and before it is handled.
CREATE TABLE updates (
    seq          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bot_id       bigint NOT NULL,
    update_id    bigint NOT NULL,
    chat_id      bigint NOT NULL,
    body         bytea NOT NULL,                 -- JSON as it came
    received_at  timestamptz NOT NULL DEFAULT now(),
    due_at       timestamptz NOT NULL DEFAULT now(),
    tries        integer NOT NULL DEFAULT 0,     -- times that a needed part did not answer
    faults       integer NOT NULL DEFAULT 0,     -- times that handling it broke
    promised     boolean NOT NULL DEFAULT false, -- the technician was told "saved, we will confirm"
    trouble      text,
    handled_at   timestamptz,
    set_aside_at timestamptz,
    UNIQUE (bot_id, update_id)
);
CREATE INDEX updates_waiting ON updates (chat_id, seq) WHERE handled_at IS NULL AND set_aside_at IS NULL;

-- Every message to Telegram, also an edit or a deletion, is a row before it is a message.
CREATE TABLE deliveries (
    id          uuid PRIMARY KEY,                -- made from what caused it, so that a cause has one effect
    seq         bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    cause       uuid,                            -- the event that queued it; null: an update did
    chat_id     bigint NOT NULL,
    purpose     text NOT NULL,
    method      text NOT NULL CHECK (method IN ('send', 'edit', 'delete', 'document')),
    task        bigint,
    offer       integer,
    invoice     bigint,
    payload     jsonb,                           -- the text of a reply; never client data
    target      uuid REFERENCES deliveries,      -- whose messages are edited or deleted
    status      text NOT NULL DEFAULT 'queued'
                CHECK (status IN ('queued', 'sending', 'sent', 'failed', 'unknown', 'dropped')),
    tries       integer NOT NULL DEFAULT 0,
    due_at      timestamptz NOT NULL DEFAULT now(),
    bot_id      bigint,                          -- whose message it is
    message_ids bigint[] NOT NULL DEFAULT '{}',  -- the parts of a long text, in order; the last has the buttons
    trouble     text,
    reason      text,
    queued_at   timestamptz NOT NULL DEFAULT now(),
    ended_at    timestamptz
);
-- A reply does not wait behind content that waits for another service.
CREATE INDEX deliveries_waiting ON deliveries (chat_id, (purpose = 'reply'), seq)
    WHERE status IN ('queued', 'sending');
CREATE INDEX deliveries_of_task ON deliveries (task, offer, seq) WHERE task IS NOT NULL;

-- The next text of this technician is the reason of a rejection.
CREATE TABLE awaited_reasons (
    technician bigint PRIMARY KEY,
    task       bigint NOT NULL,
    offer      integer NOT NULL,
    asked_at   timestamptz NOT NULL
);
CREATE INDEX deliveries_of_chat ON deliveries (chat_id, seq);
