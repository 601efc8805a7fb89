-- What each service's rows are made from, in a table of this session: so that they all tell of the same tasks.
-- `:tasks` is how many. One in sixteen is open, one invoice is made for two tasks that are done, one client has
-- five tasks; 200 technicians, of whom the first does every tenth task. The newest is a minute old, the oldest a year.
-- Each trait is drawn by a die of its own, always the same: in none of them two go together that do not in an office.

CREATE FUNCTION pg_temp.die(task bigint, die bigint, sides bigint) RETURNS integer LANGUAGE sql IMMUTABLE
    RETURN abs(hashint8extended(task, die) % sides)::integer;

CREATE TEMP TABLE made AS
SELECT i, 1000 + i AS number, status, at, at + interval '20 minutes' AS since,
       CASE WHEN status = 'new' THEN NULL WHEN pg_temp.die(i, 1, 10) = 0 THEN 7000000001
            ELSE 7000000002 + pg_temp.die(i, 2, 199) END AS technician,
       CASE WHEN status IN ('new', 'assigned') THEN 0 ELSE 1 END AS offer,
       1 + i % (:tasks / 5) AS client,
       (ARRAY['Boiler makes no hot water', 'Tap drips', 'Lift stands still', 'Heating stays cold',
              'Window does not close', 'Socket has no power', 'Drain is blocked'])[1 + pg_temp.die(i, 3, 7)]
           || CASE WHEN i % (:tasks / 50) = 0 THEN ' beside the fountain' ELSE '' END AS title,
       'Third floor, door ' || i % 90 AS description,
       (ARRAY['Harbour district', 'Old town', 'North hill', 'Station', 'Riverside'])[1 + pg_temp.die(i, 4, 5)] AS area,
       (ARRAY['low', 'normal', 'high', 'urgent'])[1 + pg_temp.die(i, 5, 4)] AS priority,
       CASE WHEN pg_temp.die(i, 6, 4) > 0 THEN date_trunc('hour', at) + interval '2 days' END AS scheduled_at,
       status = 'completed' AND pg_temp.die(i, 7, 2) = 0 AS billed
FROM (
    SELECT i, now() - interval '1 minute' - (:tasks - i) * interval '365 days' / :tasks AS at,
           CASE WHEN pg_temp.die(i, 8, 16) > 0
                THEN CASE WHEN pg_temp.die(i, 9, 8) = 0 THEN 'cancelled' ELSE 'completed' END
                ELSE (ARRAY['new', 'assigned', 'sent', 'accepted', 'in_progress', 'rejected'])[1 + pg_temp.die(i, 10, 6)]
           END AS status
    FROM generate_series(1, :tasks) AS i
) AS drawn;

CREATE TEMP TABLE team AS
SELECT 7000000000 + each AS id, 'Technician ' || each AS name, 'technician_' || each AS username,
       now() - interval '1 year' + each * interval '1 hour' AS at
FROM generate_series(1, 200) AS each;

CREATE TEMP TABLE callers AS
SELECT each AS id, (ARRAY['Haddad', 'Okonkwo', 'Lindqvist', 'Moreau', 'Sato'])[1 + each % 5] || ' ' || each AS name,
       now() - interval '1 year' AS at
FROM generate_series(1, :tasks / 5) AS each;
