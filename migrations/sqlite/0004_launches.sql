-- Launching costs money: a key launches once, whatever is clicked, resent or restarted.
CREATE TABLE idempotency_keys (
    key TEXT NOT NULL PRIMARY KEY,
    request_hash TEXT NOT NULL,
    -- Checked at the commit: the key is written first, because it is what concurrent requests wait for.
    run_id TEXT NOT NULL REFERENCES runs (id) DEFERRABLE INITIALLY DEFERRED
) STRICT;

-- The form as it was typed, so that nothing is lost when it has to be corrected.
CREATE TABLE drafts (
    key TEXT NOT NULL PRIMARY KEY,
    draft TEXT NOT NULL, -- JSON
    errors TEXT NOT NULL, -- JSON
    updated_at INTEGER NOT NULL
) STRICT;

-- Calls that must reach the engine. Written in the transaction that decides them, worked off by the dispatcher.
CREATE TABLE outbox (
    run_id TEXT NOT NULL REFERENCES runs (id),
    kind TEXT NOT NULL, -- 'create' or 'stop'
    due_at INTEGER NOT NULL, -- claimable from then on; a claim moves it to the end of its lease
    epoch INTEGER NOT NULL, -- the fencing token: every claim takes the next one
    lease_owner TEXT,
    attempts INTEGER NOT NULL,
    first_attempt_at INTEGER,
    maybe_sent INTEGER NOT NULL, -- 1 when an earlier attempt may have reached the engine
    done_at INTEGER,
    PRIMARY KEY (run_id, kind)
) STRICT;

-- In the order of claiming: stops first, then the longest due.
CREATE INDEX outbox_due ON outbox (kind DESC, due_at, run_id) WHERE done_at IS NULL;
