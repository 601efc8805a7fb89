INSERT INTO tasks (number, version, status, status_since, title, description, area, priority, scheduled_at, client,
                   technician, offer, stands, created_at, updated_at)
SELECT number, 6, status, since, title, description, area, priority, scheduled_at, client,
       technician, offer, status IN ('sent', 'accepted', 'in_progress'), at, since
FROM made;

INSERT INTO offers (task, offer, technician, sent_at, accepted_at, rejected_at, client_info_at, completed_at,
                    task_info_event)
SELECT number, 1, technician, at,
       CASE WHEN status IN ('accepted', 'in_progress', 'completed') THEN at + interval '5 minutes' END,
       CASE WHEN status = 'rejected' THEN since END,
       CASE WHEN status IN ('in_progress', 'completed') THEN at + interval '9 minutes' END,
       CASE WHEN status = 'completed' THEN since END,
       uuidv7(at - now())
FROM made WHERE offer > 0;

INSERT INTO deliveries (event, state, reason) SELECT task_info_event, 'sent', '' FROM offers;
INSERT INTO technicians (id, name, username, status) SELECT id, name, username, 'active' FROM team;
INSERT INTO clients (id, version, name, created_at) SELECT id, 1, name, at FROM callers;
INSERT INTO invoices (number, task, status) SELECT i, number, 'pending' FROM made WHERE billed;
