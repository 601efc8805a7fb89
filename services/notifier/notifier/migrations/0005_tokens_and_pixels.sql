-- The version of the logo that is pixels alone. Another one than `version`: a version before stored it as it came.
ALTER TABLE logo ADD COLUMN drawn int;

-- When an API token ends by itself (null: never), and when and through which service it was last used.
ALTER TABLE tokens
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN used_at timestamptz,
    ADD COLUMN used_through text NOT NULL DEFAULT '';
