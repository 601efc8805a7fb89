-- How updates come to the bot that is connected, and how that goes, as Telegram last told the replica that leads.
-- Never rebuilt.
CREATE TABLE reception (
    only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    bot_id    bigint NOT NULL,
    address   text NOT NULL,                     -- the webhook's; empty: Telegram is asked for updates
    waiting   integer NOT NULL DEFAULT 0,        -- updates that Telegram has not brought yet
    trouble   text NOT NULL DEFAULT '',          -- why they don't come; empty: they do
    taken_at  timestamptz,                       -- when another program's webhook was found in its place
    looked_at timestamptz NOT NULL DEFAULT now()
);
