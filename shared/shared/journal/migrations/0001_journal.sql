-- The journal: what happened, which commands were answered, and what is still to be published.

CREATE TABLE events (
    position     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id           uuid NOT NULL UNIQUE,
    stream       text NOT NULL,
    version      integer NOT NULL CHECK (version > 0),
    type         text NOT NULL,
    schema       integer NOT NULL,
    data         jsonb NOT NULL,
    actor        text NOT NULL,
    at           timestamptz NOT NULL,
    command_id   uuid,
    causation_id uuid,
    CONSTRAINT events_stream_version UNIQUE (stream, version)
);

CREATE TABLE commands (
    id          uuid CONSTRAINT commands_once PRIMARY KEY,
    fingerprint bytea NOT NULL,
    answer      jsonb NOT NULL,
    at          timestamptz NOT NULL
);

CREATE TABLE outbox (
    position bigint PRIMARY KEY REFERENCES events,
    -- of a redacted stream, which the bus is to forget before it gets it anew
    again    boolean NOT NULL DEFAULT false
);

-- Which making of the stream EVENTS holds everything of this journal that is not in the outbox.
CREATE TABLE published (
    only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    bus_created  timestamptz NOT NULL
);

-- How far each stream of another service is folded into this one's tables.
CREATE TABLE cursors (
    stream  text PRIMARY KEY,
    version integer NOT NULL
);

CREATE TABLE dead_letters (
    stream  text NOT NULL,
    version integer NOT NULL,
    event   uuid,
    type    text NOT NULL,
    body    text NOT NULL,
    error   text,               -- null: not tried, it waits behind an earlier one of its stream
    at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (stream, version)
);

-- The journal is append-only, except that erasing a client redacts that client's own events,
-- which says so by a setting that lives as long as its transaction.
CREATE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('callout.redacting', true) = OLD.stream THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the journal is append-only';
END $$;

CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION keep_history();
CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION keep_history();

-- Events whose consequence (a command, a message to Telegram) was already drawn: a rebuild folds
-- every event again, but must not act again.
CREATE TABLE reactions (
    event uuid PRIMARY KEY
);
