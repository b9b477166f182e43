-- What an MLflow client records: experiments, and runs with their params, tags and inputs. Metrics are series like all
-- others. A row of `mlflow_runs` whose id is in `runs` too is a job that its own script reports about: one record.
CREATE TABLE mlflow_experiments (
    id INTEGER NOT NULL PRIMARY KEY, -- 0 is `Default`
    name TEXT NOT NULL UNIQUE, -- the name that `runs.experiment` holds for jobs
    artifact_location TEXT NOT NULL,
    lifecycle TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE mlflow_experiment_tags (
    experiment_id INTEGER NOT NULL REFERENCES mlflow_experiments (id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (experiment_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE mlflow_runs (
    id TEXT NOT NULL PRIMARY KEY, -- ULID, of one space with `runs`
    experiment_id INTEGER NOT NULL REFERENCES mlflow_experiments (id),
    name TEXT NOT NULL,
    user_id TEXT NOT NULL,
    status TEXT NOT NULL,
    start_ms INTEGER NOT NULL, -- the client's own integers, milliseconds by convention, kept exactly
    end_ms INTEGER,
    lifecycle TEXT NOT NULL,
    artifact_uri TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- The order of runs/search.
CREATE INDEX mlflow_runs_newest ON mlflow_runs (experiment_id, lifecycle, start_ms DESC, id);

CREATE TABLE mlflow_params (
    run_id TEXT NOT NULL REFERENCES mlflow_runs (id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE mlflow_tags (
    run_id TEXT NOT NULL REFERENCES mlflow_runs (id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE mlflow_datasets (
    id INTEGER NOT NULL PRIMARY KEY,
    experiment_id INTEGER NOT NULL REFERENCES mlflow_experiments (id),
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    source_type TEXT NOT NULL,
    source TEXT NOT NULL,
    schema TEXT,
    profile TEXT,
    UNIQUE (experiment_id, name, digest)
) STRICT;

CREATE TABLE mlflow_inputs (
    run_id TEXT NOT NULL REFERENCES mlflow_runs (id),
    dataset_id INTEGER NOT NULL REFERENCES mlflow_datasets (id),
    tags TEXT NOT NULL, -- JSON: a list of key and value
    context TEXT, -- the tag `mlflow.data.context`, which searches ask for
    PRIMARY KEY (run_id, dataset_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX mlflow_inputs_by_dataset ON mlflow_inputs (dataset_id);

-- Series of runs that are no jobs: their owner is in `runs` or in `mlflow_runs`, which the store checks.
CREATE TABLE series_of_any_run (
    id INTEGER NOT NULL PRIMARY KEY,
    run_id TEXT NOT NULL,
    source TEXT NOT NULL,
    host TEXT NOT NULL,
    name TEXT NOT NULL,
    count INTEGER NOT NULL,
    first_step INTEGER NOT NULL, first_at INTEGER NOT NULL, first_value REAL, first_kind INTEGER NOT NULL,
    last_step INTEGER NOT NULL, last_at INTEGER NOT NULL, last_value REAL, last_kind INTEGER NOT NULL,
    min_value REAL, min_step INTEGER, -- of the finite values
    max_value REAL, max_step INTEGER,
    UNIQUE (run_id, source, host, name)
) STRICT;
INSERT INTO series_of_any_run SELECT id, run_id, source, host, name, count, first_step, first_at, first_value,
    first_kind, last_step, last_at, last_value, last_kind, min_value, min_step, max_value, max_step FROM series;
DROP TABLE series;
ALTER TABLE series_of_any_run RENAME TO series;

-- A client that gets no answer sends again: its points are stored once. This finds them, and is the order that MLflow
-- lists a history in; NaN counts as 0 there, the infinities as the largest double. Points of other sources pay nothing.
ALTER TABLE points ADD COLUMN once INTEGER NOT NULL DEFAULT 0;
CREATE INDEX points_once ON points (
    series_id, at, step,
    (CASE kind WHEN 2 THEN 1.7976931348623157e308 WHEN 3 THEN -1.7976931348623157e308 WHEN 1 THEN 0.0 ELSE value END)
) WHERE once = 1;
