-- What each message holds is written down with its claim, before the call to Telegram: whose data, and what of the task
-- it was drawn from. Whoever asks "which messages hold this" goes by that. A row from before has neither `client` nor
-- `task_version`; of it is known what `informed` and `billed` tell.
ALTER TABLE deliveries
    ADD COLUMN client         bigint,   -- whose data it holds, or is to hold; null: nobody's
    ADD COLUMN client_version integer,  -- of that client's stream, as it was drawn
    ADD COLUMN task_version   integer,  -- of the task's stream, as it was drawn
    ADD COLUMN shown          jsonb;    -- the task as it shows it: title, area, time, priority, a digest of the description
CREATE INDEX deliveries_of_client ON deliveries (client, seq) WHERE client IS NOT NULL;
-- What is new goes before what is a repeat: three queues for each chat. `deliveries_waiting` serves the version before.
CREATE INDEX deliveries_in_lanes ON deliveries
    (chat_id, (purpose IN ('reply', 'summary')), (purpose = 'reply' AND task IS NOT NULL), seq)
    WHERE status IN ('queued', 'sending');
CREATE INDEX deliveries_of_summaries ON deliveries (chat_id, seq) WHERE purpose = 'summary' AND method = 'send';

ALTER TABLE cards
    ADD COLUMN version         integer NOT NULL DEFAULT 0,  -- of the task's stream; 0: taken in before this column was
    ADD COLUMN details_version integer NOT NULL DEFAULT 0,  -- of the event that gave it the present details
    ADD COLUMN before          jsonb;                       -- what a message showed of the details before that

-- Whose data the technician holds for this offer, and may keep; null: nobody's, or no longer.
ALTER TABLE offers ADD COLUMN client bigint;
UPDATE offers o SET client = i.client FROM informed i
WHERE (i.task, i.offer) = (o.task, o.offer) AND o.state = 'in_progress' AND NOT o.over
  AND NOT EXISTS (SELECT FROM informed WHERE (task, offer) = (i.task, i.offer) AND client <> i.client);
