-- Invoices as pages show them, and what this service remembers of others to show and decide by.

CREATE SEQUENCE invoice_numbers;

CREATE TABLE invoices (
    number      bigint PRIMARY KEY,
    version     integer NOT NULL,
    task        bigint NOT NULL,
    client      bigint NOT NULL,
    technician  bigint NOT NULL,
    status      text NOT NULL CHECK (status IN ('pending', 'paid', 'void')),
    currency    text NOT NULL,
    lines       jsonb NOT NULL,          -- [{description, quantity, unit_price}], numbers as decimal strings
    tax_percent numeric NOT NULL,
    subtotal    numeric NOT NULL,
    tax         numeric NOT NULL,
    total       numeric NOT NULL,
    due_on      date,
    created_at  timestamptz NOT NULL
);
CREATE INDEX invoices_by_status ON invoices (status, number DESC);
CREATE INDEX invoices_by_task ON invoices (task, number DESC);

-- Each sending of an invoice, and what became of it. It is known by the InvoiceSent that asked for it.
CREATE TABLE dispatches (
    invoice   bigint NOT NULL,
    version   integer NOT NULL,
    event     uuid NOT NULL UNIQUE,
    state     text NOT NULL CHECK (state IN ('queued', 'sent', 'failed', 'unknown')),
    reason    text NOT NULL DEFAULT '',
    at        timestamptz NOT NULL,
    PRIMARY KEY (invoice, version)
);

CREATE TABLE tasks (
    number       bigint PRIMARY KEY,
    title        text NOT NULL,
    client       bigint NOT NULL,
    status       text NOT NULL,
    technician   bigint,                 -- who holds it now
    completed_by bigint                  -- who held it when it was last completed
);

CREATE TABLE technicians (
    id    bigint PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('active', 'blocked', 'deactivated', 'deleted'))
);
