-- Whoever holds a task or ever held it: the list of reports is narrowed by that.
CREATE INDEX audit_held ON audit (((data->>'technician')::bigint), task) WHERE kind = 'TaskAssigned';
