-- Tries to log in, as they are counted: `network` is an IPv4 address or the /64 of an IPv6 address, `device` a browser
-- that has logged in under this name before. Rows of an older version have neither, and count by their address.
ALTER TABLE failed_logins
    ADD COLUMN id      uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN network text,
    ADD COLUMN device  text;
CREATE INDEX failed_logins_id ON failed_logins (id);
CREATE INDEX failed_logins_login ON failed_logins (login, at);
CREATE INDEX failed_logins_network ON failed_logins (coalesce(network, address), at);

-- Browsers in which somebody has logged in, under the SHA-256 of their cookie. Their tries are counted apart, so that
-- nobody is held up there by what others try elsewhere.
CREATE TABLE known_devices (
    login   text NOT NULL,
    key     text NOT NULL,
    used_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (login, key)
);

-- What failed since each admin's last login. It is told them at their next one, and is then that session's.
CREATE TABLE failed_since_login (
    login        text PRIMARY KEY,
    tries        int NOT NULL,
    last_at      timestamptz NOT NULL,
    last_address text NOT NULL
);
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;
ALTER TABLE sessions
    ADD COLUMN failed_tries   int NOT NULL DEFAULT 0,
    ADD COLUMN failed_at      timestamptz,
    ADD COLUMN failed_address text;
