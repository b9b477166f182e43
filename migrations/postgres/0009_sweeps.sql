-- A sweep and its plan. Both are written once, together; what changes is the state, and which run each trial became.
CREATE TABLE sweeps (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- ULID
    key TEXT COLLATE "C" NOT NULL UNIQUE, -- the form's idempotency key: one press is one sweep
    spec TEXT NOT NULL, -- JSON
    state TEXT NOT NULL,
    message TEXT,
    created_at BIGINT NOT NULL
);

CREATE INDEX sweeps_running ON sweeps (id) WHERE state = 'running';

CREATE TABLE sweep_trials (
    sweep_id TEXT COLLATE "C" NOT NULL REFERENCES sweeps (id),
    number BIGINT NOT NULL,
    parameters TEXT NOT NULL, -- JSON
    run_id TEXT COLLATE "C" REFERENCES runs (id), -- null: not launched
    PRIMARY KEY (sweep_id, number)
);
