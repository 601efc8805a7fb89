-- The invoices of a task that were not deleted: a completed task that has one leads there.
CREATE TABLE invoices (
    number bigint PRIMARY KEY,
    task   bigint NOT NULL,
    status text NOT NULL
);
CREATE INDEX invoices_standing ON invoices (task, number) WHERE status <> 'void';
