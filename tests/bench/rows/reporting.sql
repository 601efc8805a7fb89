-- Of each task three of its events are in the audit log: how it began, who was asked, and how it ended.
INSERT INTO audit (id, stream, version, kind, at, actor, data, task)
SELECT uuidv7(at + later - now()), 'task.' || number, version, kind, at + later, actor,
       jsonb_build_object('type', kind) || data, number
FROM (
    SELECT number, at, interval '0' AS later, 1 AS version, 'TaskCreated' AS kind, 'admin:owner' AS actor,
           jsonb_build_object('number', number, 'client', client, 'details', jsonb_build_object(
               'title', title, 'description', description, 'area', area, 'priority', priority)) AS data
    FROM made
    UNION ALL
    SELECT number, at, interval '1 second', 2, 'TaskAssigned', 'admin:owner',
           jsonb_build_object('technician', technician)
    FROM made WHERE technician IS NOT NULL
    UNION ALL
    SELECT number, at, interval '20 minutes', 6, 'TaskCompleted', 'technician:' || technician,
           jsonb_build_object('technician', technician, 'offer', 1)
    FROM made WHERE status = 'completed'
    ORDER BY at
) AS told;

INSERT INTO reports (task, version, title, description, area, priority, scheduled_at, client, technician, status, offer,
                     created_at, created_by, first_sent_at, sent_at, accepted_at, completed_at, response_time)
SELECT number, 6, title, description, area, priority, scheduled_at, client, technician, status, offer, at,
       'admin:owner', at, at, at + interval '5 minutes', CASE WHEN status = 'completed' THEN since END,
       interval '5 minutes'
FROM made;

INSERT INTO report_words (task, words)
SELECT number, array_to_tsvector(string_to_array(lower(title || ' ' || area || ' ' || number), ' ')) FROM made;

INSERT INTO status_counts (status, tasks) SELECT status, count(*) FROM made GROUP BY status;
INSERT INTO names (stream, own)
SELECT 'technician.' || id, name FROM team UNION ALL SELECT 'client.' || id, name FROM callers
UNION ALL SELECT 'admin.owner', 'Owner' ON CONFLICT DO NOTHING;
