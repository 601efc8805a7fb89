INSERT INTO technicians (id, telegram_name, username, language, standing, reviewed, registered_at, version)
SELECT id, name, username, 'en', 'active', id % 4 > 0, at, 2 FROM team;

INSERT INTO cards (task, details, status, technician, offer)
SELECT number, jsonb_build_object('title', title, 'description', description, 'area', area, 'priority', priority),
       status, technician, offer
FROM made;

INSERT INTO offers (task, offer, technician, state, sent_at, answered_at)
SELECT number, 1, technician, status, at, CASE WHEN status <> 'sent' THEN at + interval '5 minutes' END
FROM made WHERE offer > 0;

INSERT INTO answers (technician, accepted, rejected, completed)
SELECT technician, count(*) FILTER (WHERE state IN ('accepted', 'in_progress', 'completed')),
       count(*) FILTER (WHERE state = 'rejected'), count(*) FILTER (WHERE state = 'completed')
FROM offers GROUP BY technician;
