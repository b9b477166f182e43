-- A sweep and its plan. Both are written once, together; what changes is the state, and which run each trial became.
CREATE TABLE sweeps (
    id TEXT NOT NULL PRIMARY KEY, -- ULID
    key TEXT NOT NULL UNIQUE, -- the form's idempotency key: one press is one sweep
    spec TEXT NOT NULL, -- JSON
    state TEXT NOT NULL,
    message TEXT,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX sweeps_running ON sweeps (id) WHERE state = 'running';

CREATE TABLE sweep_trials (
    sweep_id TEXT NOT NULL REFERENCES sweeps (id),
    number INTEGER NOT NULL,
    parameters TEXT NOT NULL, -- JSON
    run_id TEXT REFERENCES runs (id), -- null: not launched
    PRIMARY KEY (sweep_id, number)
) STRICT;
