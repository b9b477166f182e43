-- Who did what to a run, and what the engine answered. Rows are only ever added.
CREATE TABLE audit (
    id INTEGER NOT NULL PRIMARY KEY,
    run_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;

CREATE INDEX audit_by_run ON audit (run_id, id);
