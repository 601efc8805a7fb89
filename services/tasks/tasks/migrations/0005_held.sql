-- What the technician of an offer holds, and whether they were told of what has changed since.
ALTER TABLE offers
    ADD COLUMN informed      boolean NOT NULL DEFAULT false,  -- they were sent the data of the client whom the task is for
    ADD COLUMN change_event  uuid,   -- the latest event that changed what they hold; null: none, or a sending told it all
    ADD COLUMN change_state  text,   -- what became of the message that tells them: queued, sent, failed or unknown
    ADD COLUMN change_reason text;
UPDATE offers o SET informed = true FROM events e, tasks t, clients c
WHERE e.id = o.client_info_event AND t.number = o.task AND (e.data->>'client')::bigint = t.client
  AND c.id = t.client AND NOT c.erased;
