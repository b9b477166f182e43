-- Metric points of every source, in narrow integer-keyed rows: there are many.
CREATE TABLE series (
    id INTEGER NOT NULL PRIMARY KEY,
    run_id TEXT NOT NULL REFERENCES runs (id),
    source TEXT NOT NULL,
    host TEXT NOT NULL,
    name TEXT NOT NULL,
    -- The summary, kept with every batch: lists of metrics never read the points.
    count INTEGER NOT NULL,
    first_step INTEGER NOT NULL, first_at INTEGER NOT NULL, first_value REAL, first_kind INTEGER NOT NULL,
    last_step INTEGER NOT NULL, last_at INTEGER NOT NULL, last_value REAL, last_kind INTEGER NOT NULL,
    min_value REAL, min_step INTEGER, -- of the finite values
    max_value REAL, max_step INTEGER,
    UNIQUE (run_id, source, host, name)
) STRICT;

-- `seq` is the order of arrival. `kind`: 0 a finite value, 1 NaN, 2 infinity, 3 minus infinity; `value` is null unless
-- `kind` is 0, because SQLite has no NaN and PostgreSQL sorts it above everything.
CREATE TABLE points (
    series_id INTEGER NOT NULL, -- no foreign key: it would be looked up for every point
    seq INTEGER NOT NULL,
    step INTEGER NOT NULL,
    at INTEGER NOT NULL,
    value REAL,
    kind INTEGER NOT NULL,
    PRIMARY KEY (series_id, seq)
) STRICT, WITHOUT ROWID;

-- How far a reader of the engine's logs or metrics has come, moved in the transaction that stores what it read.
CREATE TABLE cursors (
    run_id TEXT NOT NULL REFERENCES runs (id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run_id, key)
) STRICT;
