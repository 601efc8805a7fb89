-- What set a message off, for whoever brings it to Telegram: the header `traceparent`.
ALTER TABLE deliveries ADD COLUMN trace text;
