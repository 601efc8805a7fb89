-- Two notifications for each task; of those that ask for an invoice every twentieth still waits.
INSERT INTO notifications (id, kind, event)
SELECT id, kind, jsonb_build_object('id', id, 'stream', 'task.' || number, 'version', version, 'type', type, 'schema', 1,
                                    'at', at, 'actor', actor, 'data', jsonb_build_object('type', type) || data)
FROM (
    SELECT uuidv7(at - now()) AS id, 'task_created' AS kind, number, 1 AS version, 'TaskCreated' AS type, at,
           'admin:owner' AS actor, jsonb_build_object('number', number, 'client', client, 'details',
               jsonb_build_object('title', title, 'area', area, 'priority', priority)) AS data
    FROM made
    UNION ALL
    SELECT uuidv7(since - now()), 'task_completed', number, 6, 'TaskCompleted', since,
           'technician:' || technician, jsonb_build_object('technician', technician, 'offer', 1)
    FROM made WHERE status = 'completed'
) AS told;

INSERT INTO arrivals (id) SELECT id FROM notifications ORDER BY id;
INSERT INTO waiting (id, about)
SELECT id, event->>'stream' FROM notifications
WHERE kind = 'task_completed' AND pg_temp.die(split_part(event->>'stream', '.', 2)::bigint, 13, 20) = 0;
INSERT INTO names (stream, own)
SELECT 'technician.' || id, name FROM team UNION ALL SELECT 'client.' || id, name FROM callers ON CONFLICT DO NOTHING;
