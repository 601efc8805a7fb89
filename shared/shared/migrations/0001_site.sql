-- The site's settings, as the last SiteSettingsChanged told them.
CREATE TABLE site (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    settings jsonb NOT NULL
);
