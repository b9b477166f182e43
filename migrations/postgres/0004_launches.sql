-- Launching costs money: a key launches once, whatever is clicked, resent or restarted.
CREATE TABLE idempotency_keys (
    key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    request_hash TEXT NOT NULL,
    -- Checked at the commit: the key is written first, because it is what concurrent requests wait for.
    run_id TEXT COLLATE "C" NOT NULL REFERENCES runs (id) DEFERRABLE INITIALLY DEFERRED
);

-- The form as it was typed, so that nothing is lost when it has to be corrected.
CREATE TABLE drafts (
    key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    draft TEXT NOT NULL, -- JSON
    errors TEXT NOT NULL, -- JSON
    updated_at BIGINT NOT NULL
);

-- Calls that must reach the engine. Written in the transaction that decides them, worked off by the dispatcher.
CREATE TABLE outbox (
    run_id TEXT COLLATE "C" NOT NULL REFERENCES runs (id),
    kind TEXT COLLATE "C" NOT NULL, -- 'create' or 'stop'
    due_at BIGINT NOT NULL, -- claimable from then on; a claim moves it to the end of its lease
    epoch BIGINT NOT NULL, -- the fencing token: every claim takes the next one
    lease_owner TEXT,
    attempts BIGINT NOT NULL,
    first_attempt_at BIGINT,
    maybe_sent BIGINT NOT NULL, -- 1 when an earlier attempt may have reached the engine
    done_at BIGINT,
    PRIMARY KEY (run_id, kind)
);

-- In the order of claiming: stops first, then the longest due.
CREATE INDEX outbox_due ON outbox (kind DESC, due_at, run_id) WHERE done_at IS NULL;
