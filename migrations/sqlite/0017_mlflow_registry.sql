-- MLflow's model registry. A model is known by its number here, so that another name is one row's change.
CREATE TABLE mlflow_registered_models (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE mlflow_registered_model_tags (
    model_id INTEGER NOT NULL REFERENCES mlflow_registered_models (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE mlflow_versions (
    model_id INTEGER NOT NULL REFERENCES mlflow_registered_models (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    stage TEXT NOT NULL,
    is_deleted INTEGER NOT NULL, -- a number is never used again
    description TEXT NOT NULL,
    source TEXT NOT NULL,
    storage_location TEXT NOT NULL,
    run_id TEXT NOT NULL,
    run_link TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (model_id, version)
) STRICT, WITHOUT ROWID;

CREATE INDEX mlflow_versions_by_run ON mlflow_versions (run_id);

CREATE TABLE mlflow_version_tags (
    model_id INTEGER NOT NULL REFERENCES mlflow_registered_models (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model_id, version, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE mlflow_aliases (
    model_id INTEGER NOT NULL REFERENCES mlflow_registered_models (id) ON DELETE CASCADE,
    alias TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (model_id, alias)
) STRICT, WITHOUT ROWID;
