-- MLflow's model registry. A model is known by its number here, so that another name is one row's change.
CREATE TABLE mlflow_registered_models (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    description TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE mlflow_registered_model_tags (
    model_id BIGINT NOT NULL REFERENCES mlflow_registered_models (id) ON DELETE CASCADE,
    key TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (model_id, key)
);

CREATE TABLE mlflow_versions (
    model_id BIGINT NOT NULL REFERENCES mlflow_registered_models (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    stage TEXT COLLATE "C" NOT NULL,
    is_deleted BIGINT NOT NULL, -- a number is never used again
    description TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    storage_location TEXT COLLATE "C" NOT NULL,
    run_id TEXT COLLATE "C" NOT NULL,
    run_link TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (model_id, version)
);

CREATE INDEX mlflow_versions_by_run ON mlflow_versions (run_id);

CREATE TABLE mlflow_version_tags (
    model_id BIGINT NOT NULL REFERENCES mlflow_registered_models (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (model_id, version, key)
);

CREATE TABLE mlflow_aliases (
    model_id BIGINT NOT NULL REFERENCES mlflow_registered_models (id) ON DELETE CASCADE,
    alias TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (model_id, alias)
);
