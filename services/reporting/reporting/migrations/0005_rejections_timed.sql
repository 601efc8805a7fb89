-- response_time is the time to the answer, whichever it was; until now it was that of an acceptance alone.
UPDATE reports r SET response_time = a.took
FROM responses a
WHERE a.task = r.task AND a.response = 'rejected' AND r.response_time IS NULL
AND NOT EXISTS (
    SELECT FROM audit later WHERE later.task = a.task AND later.id > a.event
    AND later.kind IN ('TaskSent', 'TaskAssigned', 'TaskUnassigned')
);
