-- When the task got another client, until its technician was sent that one's data (or the task was sent anew).
ALTER TABLE reports ADD COLUMN exchanged_at timestamptz;
CREATE INDEX reports_exchanged ON reports (exchanged_at) WHERE status = 'in_progress' AND exchanged_at IS NOT NULL;
