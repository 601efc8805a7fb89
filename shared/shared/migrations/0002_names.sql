-- What technicians, clients and admins are called (shared/names.py).
CREATE TABLE names (
    stream text PRIMARY KEY,
    own    text NOT NULL,
    given  text NOT NULL DEFAULT '',    -- by an admin, in place of the technician's own
    name   text GENERATED ALWAYS AS (coalesce(nullif(given, ''), own)) STORED
);
