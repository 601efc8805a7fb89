-- Admins, as their events tell; filled again by `callout rebuild notifier`.
CREATE TABLE admins (
    login   text PRIMARY KEY,
    name    text NOT NULL,
    role    text NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    since   timestamptz NOT NULL
);

-- Argon2 hashes. In no event, so never rebuilt.
CREATE TABLE passwords (
    login text PRIMARY KEY,
    hash  text NOT NULL
);

-- One row for each login, under the SHA-256 of the cookie's secret.
CREATE TABLE sessions (
    key      text PRIMARY KEY,
    id       uuid NOT NULL UNIQUE,
    login    text NOT NULL,
    began_at timestamptz NOT NULL DEFAULT now(),
    used_at  timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz
);
CREATE INDEX sessions_live ON sessions (login) WHERE ended_at IS NULL;

-- One row for each API token, under the SHA-256 of its secret.
CREATE TABLE tokens (
    key        text PRIMARY KEY,
    name       text NOT NULL,
    role       text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
CREATE UNIQUE INDEX tokens_live ON tokens (name) WHERE revoked_at IS NULL;

CREATE TABLE failed_logins (
    login   text NOT NULL,
    address text NOT NULL,
    at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX failed_logins_pair ON failed_logins (login, address, at);
CREATE INDEX failed_logins_address ON failed_logins (address, at);

-- What admins see and hear: the event itself, from which the sentence is made when it is read.
CREATE TABLE notifications (
    id    uuid PRIMARY KEY,
    kind  text NOT NULL,
    event jsonb NOT NULL
);

-- The order in which notifications came here. Kept through a rebuild, so that "after this one"
-- stays true for whoever asks.
CREATE TABLE arrivals (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id       uuid NOT NULL UNIQUE
);

-- Up to where each admin has looked at the notifications.
CREATE TABLE seen (
    login    text PRIMARY KEY,
    position bigint NOT NULL
);
