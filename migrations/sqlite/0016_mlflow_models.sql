-- Models that MLflow 3 clients log: a record of their own, with a folder of artifacts, that runs have as input or output.
CREATE TABLE mlflow_models (
    id TEXT NOT NULL PRIMARY KEY, -- m- and 32 hexadecimal digits, as clients expect
    experiment_id INTEGER NOT NULL REFERENCES mlflow_experiments (id),
    name TEXT NOT NULL,
    artifact_location TEXT NOT NULL,
    model_type TEXT NOT NULL,
    source_run_id TEXT NOT NULL,
    status INTEGER NOT NULL, -- MLflow's numbers: 1 pending, 2 ready, 3 upload failed
    lifecycle TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX mlflow_models_newest ON mlflow_models (experiment_id, created_at DESC, id);

CREATE TABLE mlflow_model_params (
    model_id TEXT NOT NULL REFERENCES mlflow_models (id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE mlflow_model_tags (
    model_id TEXT NOT NULL REFERENCES mlflow_models (id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model_id, key)
) STRICT, WITHOUT ROWID;

-- A measurement of a model is a point of its run's series too; here is which model and dataset it was about.
CREATE TABLE mlflow_model_metrics (
    model_id TEXT NOT NULL REFERENCES mlflow_models (id),
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    step INTEGER NOT NULL,
    run_id TEXT NOT NULL,
    value REAL,
    kind INTEGER NOT NULL, -- as in `points`
    dataset_name TEXT,
    dataset_digest TEXT,
    PRIMARY KEY (model_id, key, at, step, run_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE mlflow_model_links (
    run_id TEXT NOT NULL REFERENCES mlflow_runs (id),
    direction TEXT NOT NULL, -- input or output
    model_id TEXT NOT NULL,
    step INTEGER NOT NULL,
    PRIMARY KEY (run_id, direction, model_id, step)
) STRICT, WITHOUT ROWID;
