-- Whose invoices a technician's chat may hold; only which client it is, for when that one is erased.
-- What was sent before is known by whom its task's client info was last about; `callout rebuild bot-gateway` knows all.

CREATE TABLE billed (
    invoice bigint PRIMARY KEY,
    client  bigint NOT NULL
);
CREATE INDEX billed_clients ON billed (client);
INSERT INTO billed (invoice, client)
SELECT DISTINCT ON (d.invoice) d.invoice, i.client
FROM deliveries d JOIN informed i USING (task)
WHERE d.invoice IS NOT NULL
ORDER BY d.invoice, i.offer DESC;

CREATE INDEX deliveries_of_invoice ON deliveries (invoice) WHERE invoice IS NOT NULL;
CREATE INDEX deliveries_targeted ON deliveries (target) WHERE target IS NOT NULL;
