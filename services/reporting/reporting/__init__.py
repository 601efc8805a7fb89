"""The audit log, task reports and statistics."""
