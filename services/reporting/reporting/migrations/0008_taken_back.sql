-- When a rejection was taken back: it stays in the task's story, and counts nowhere else.
ALTER TABLE responses ADD COLUMN taken_back_at timestamptz;
CREATE INDEX responses_taken_back ON responses (event) WHERE taken_back_at IS NOT NULL;
