-- Metric points of every source, in narrow integer-keyed rows: there are many.
CREATE TABLE series (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id TEXT COLLATE "C" NOT NULL REFERENCES runs (id),
    source TEXT COLLATE "C" NOT NULL,
    host TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    -- The summary, kept with every batch: lists of metrics never read the points.
    count BIGINT NOT NULL,
    first_step BIGINT NOT NULL, first_at BIGINT NOT NULL, first_value DOUBLE PRECISION, first_kind SMALLINT NOT NULL,
    last_step BIGINT NOT NULL, last_at BIGINT NOT NULL, last_value DOUBLE PRECISION, last_kind SMALLINT NOT NULL,
    min_value DOUBLE PRECISION, min_step BIGINT, -- of the finite values
    max_value DOUBLE PRECISION, max_step BIGINT,
    UNIQUE (run_id, source, host, name)
);

-- `seq` is the order of arrival. `kind`: 0 a finite value, 1 NaN, 2 infinity, 3 minus infinity; `value` is null unless
-- `kind` is 0, because SQLite has no NaN and PostgreSQL sorts it above everything.
CREATE TABLE points (
    series_id BIGINT NOT NULL, -- no foreign key: it would be looked up for every point
    seq BIGINT NOT NULL,
    step BIGINT NOT NULL,
    at BIGINT NOT NULL,
    value DOUBLE PRECISION,
    kind SMALLINT NOT NULL,
    PRIMARY KEY (series_id, seq)
);

-- How far a reader of the engine's logs or metrics has come, moved in the transaction that stores what it read.
CREATE TABLE cursors (
    run_id TEXT COLLATE "C" NOT NULL REFERENCES runs (id),
    key TEXT COLLATE "C" NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run_id, key)
);
