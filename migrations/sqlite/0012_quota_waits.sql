-- What a run that may wait for room under a quota was launched with: the request as it was wanted, and what may be sent
-- instead. The request in `runs` is the one that is sent.
CREATE TABLE quota_waits (
    run_id TEXT NOT NULL PRIMARY KEY REFERENCES runs (id),
    plan TEXT NOT NULL, -- JSON
    wanted TEXT NOT NULL -- JSON
) STRICT;

-- 1 while a create row waits for room: it becomes due when there is some, and nothing was sent before.
ALTER TABLE outbox ADD COLUMN is_waiting INTEGER NOT NULL DEFAULT 0;
CREATE INDEX outbox_waiting ON outbox (run_id) WHERE is_waiting = 1 AND done_at IS NULL;
