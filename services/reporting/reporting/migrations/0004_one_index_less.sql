-- Who held a task is asked of the audit since 0003.
DROP INDEX reports_technician;
