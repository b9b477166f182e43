-- What each run's input channels read, object by object: proof for whoever repeats the run. Written once.
CREATE TABLE capsules (
    run_id TEXT NOT NULL PRIMARY KEY REFERENCES runs (id),
    recorded_at INTEGER NOT NULL,
    capsule TEXT NOT NULL -- JSON
) STRICT;
