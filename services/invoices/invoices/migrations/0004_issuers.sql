-- Who a sent invoice is from, as it stood when it was last sent: later changes of the settings don't reach it.

ALTER TABLE invoices
    ADD COLUMN issuer jsonb,                     -- null: never sent, or sent by a version that did not note it
    ADD COLUMN sent_at timestamptz;
UPDATE invoices SET sent_at = sent.at
FROM (
    SELECT DISTINCT ON (stream) stream, at FROM events WHERE type = 'InvoiceSent' ORDER BY stream, version DESC
) sent
WHERE sent.stream = 'invoice.' || invoices.number;

-- Every logo there was, for the documents that name it; `logo` is today's.
CREATE TABLE logos (
    hash  text PRIMARY KEY,                      -- SHA-256 in hex
    image bytea NOT NULL
);
INSERT INTO logos (hash, image) SELECT encode(sha256(image), 'hex'), image FROM logo;
