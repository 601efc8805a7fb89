-- Each filter of the list, and each column of the board, is found by an index that ends in what it is sorted by.
-- Of two filters at once the rarer one leads: what it leaves is few enough to be looked through.

-- The board: who has waited longest in a status.
CREATE INDEX tasks_by_age ON tasks (status, status_since, number);

CREATE INDEX tasks_by_priority ON tasks (priority, number DESC) WHERE status <> 'deleted';

-- A list that is narrowed by what is scheduled is sorted by it.
CREATE INDEX tasks_by_schedule ON tasks (scheduled_at, number)
    WHERE scheduled_at IS NOT NULL AND status <> 'deleted';
CREATE INDEX tasks_by_status_and_schedule ON tasks (status, scheduled_at, number) WHERE scheduled_at IS NOT NULL;

-- From the day of creation to the numbers that were drawn on it.
CREATE INDEX tasks_by_creation ON tasks (created_at);
