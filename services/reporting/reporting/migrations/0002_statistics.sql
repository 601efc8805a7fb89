-- What the overview and the statistics ask for: the tasks of some days, and what waits for the office.
CREATE INDEX reports_created ON reports (created_at);
CREATE INDEX reports_completed ON reports (completed_at) WHERE completed_at IS NOT NULL;
CREATE INDEX reports_without_client_info ON reports (coalesce(accepted_at, created_at)) WHERE status = 'accepted';
CREATE INDEX report_invoices_due ON report_invoices (due_on) WHERE status = 'pending';
