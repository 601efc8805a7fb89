INSERT INTO tasks (number, title, client, status, technician, completed_by)
SELECT number, title, client, status, technician, CASE WHEN status = 'completed' THEN technician END FROM made;

INSERT INTO invoices (number, version, task, client, technician, status, currency, lines, tax_percent, subtotal, tax,
                      total, due_on, created_at, task_title, paid_at)
SELECT i, 3, number, client, technician, standing, CASE WHEN pg_temp.die(i, 11, 20) = 0 THEN 'USD' ELSE 'EUR' END,
       '[{"description": "Work", "quantity": "2", "unit_price": "40.00"}]', 20, 80 + i % 100, 16, 96 + i % 100,
       since::date + 14, since, title, CASE WHEN standing = 'paid' THEN since + interval '9 days' END
FROM (
    SELECT *, CASE pg_temp.die(i, 12, 10) WHEN 0 THEN 'void' WHEN 1 THEN 'pending' ELSE 'paid' END AS standing
    FROM made WHERE billed
) AS billed;

INSERT INTO dispatches (invoice, version, event, state, at)
SELECT number, 2, uuidv7(created_at - now()), 'sent', created_at FROM invoices;
INSERT INTO technicians (id, state) SELECT id, 'active' FROM team;
INSERT INTO names (stream, own)
SELECT 'technician.' || id, name FROM team UNION ALL SELECT 'client.' || id, name FROM callers;
