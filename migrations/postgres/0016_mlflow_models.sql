-- Models that MLflow 3 clients log: a record of their own, with a folder of artifacts, that runs have as input or output.
CREATE TABLE mlflow_models (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- m- and 32 hexadecimal digits, as clients expect
    experiment_id BIGINT NOT NULL REFERENCES mlflow_experiments (id),
    name TEXT COLLATE "C" NOT NULL,
    artifact_location TEXT COLLATE "C" NOT NULL,
    model_type TEXT COLLATE "C" NOT NULL,
    source_run_id TEXT COLLATE "C" NOT NULL,
    status BIGINT NOT NULL, -- MLflow's numbers: 1 pending, 2 ready, 3 upload failed
    lifecycle TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE INDEX mlflow_models_newest ON mlflow_models (experiment_id, created_at DESC, id);

CREATE TABLE mlflow_model_params (
    model_id TEXT COLLATE "C" NOT NULL REFERENCES mlflow_models (id),
    key TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (model_id, key)
);

CREATE TABLE mlflow_model_tags (
    model_id TEXT COLLATE "C" NOT NULL REFERENCES mlflow_models (id),
    key TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (model_id, key)
);

-- A measurement of a model is a point of its run's series too; here is which model and dataset it was about.
CREATE TABLE mlflow_model_metrics (
    model_id TEXT COLLATE "C" NOT NULL REFERENCES mlflow_models (id),
    key TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    step BIGINT NOT NULL,
    run_id TEXT COLLATE "C" NOT NULL,
    value DOUBLE PRECISION,
    kind SMALLINT NOT NULL, -- as in `points`
    dataset_name TEXT COLLATE "C",
    dataset_digest TEXT COLLATE "C",
    PRIMARY KEY (model_id, key, at, step, run_id)
);

CREATE TABLE mlflow_model_links (
    run_id TEXT COLLATE "C" NOT NULL REFERENCES mlflow_runs (id),
    direction TEXT COLLATE "C" NOT NULL, -- input or output
    model_id TEXT COLLATE "C" NOT NULL,
    step BIGINT NOT NULL,
    PRIMARY KEY (run_id, direction, model_id, step)
);
