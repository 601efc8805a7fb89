-- Where a session was begun, and with what: so that people know their own, and a stranger's, when they see it.
ALTER TABLE sessions ADD COLUMN address text NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN user_agent text NOT NULL DEFAULT '';

-- The company's logo, as the last SiteLogoChanged told it, with that event's version.
CREATE TABLE logo (
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version    int NOT NULL,
    media_type text NOT NULL,
    image      bytea NOT NULL
);
