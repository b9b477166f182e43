-- One row per training job. What lists filter by is a column; what only a run's own page shows is JSON text.
-- `badge`, `job_name_key` and `is_active` are derived by the store on every write.
CREATE TABLE runs (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- ULID: sorts by creation time
    experiment TEXT COLLATE "C" NOT NULL,
    job_name TEXT COLLATE "C" NOT NULL UNIQUE, -- SageMaker's only idempotency key
    job_name_key TEXT COLLATE "C" NOT NULL, -- the job name in lower case, for the search by a part of it
    badge TEXT COLLATE "C" NOT NULL,
    is_active BIGINT NOT NULL, -- 1 while the engine must be asked about it
    job_arn TEXT,
    origin TEXT NOT NULL,
    launch_state TEXT NOT NULL,
    wish TEXT NOT NULL,
    launch_message TEXT,
    status TEXT,
    secondary_status TEXT,
    failure_reason TEXT,
    fingerprint TEXT NOT NULL,
    instance_type TEXT,
    instance_count BIGINT NOT NULL,
    spot BIGINT NOT NULL,
    price_nanousd_per_hour BIGINT, -- null: unpriced, never 0
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    updated_at BIGINT NOT NULL,
    engine_modified_at BIGINT, -- LastModifiedTime of the newest observation that was applied
    training_seconds BIGINT,
    billable_seconds BIGINT,
    model_artifact TEXT,
    sync_done BIGINT NOT NULL, -- 1 when logs and metrics of a finished job are copied completely
    source_sha256 TEXT COLLATE "C" REFERENCES sources (sha256),
    price TEXT, -- JSON: date, source and confidence of the price
    hyperparameters TEXT NOT NULL, -- JSON
    transitions TEXT NOT NULL, -- JSON
    final_metrics TEXT NOT NULL, -- JSON
    request TEXT NOT NULL -- JSON: the CreateTrainingJob request, canonical
);

-- Lists page by id within an experiment or a badge; counts per experiment and badge read the index alone.
CREATE INDEX runs_by_experiment_badge ON runs (experiment, badge, id, created_at);
CREATE INDEX runs_by_experiment ON runs (experiment, id);
CREATE INDEX runs_by_badge ON runs (badge, id);
-- A part of a name can be anywhere in it: the search walks this narrow index instead of the wide rows.
CREATE INDEX runs_by_name_part ON runs (id, job_name_key, experiment, badge);
CREATE INDEX runs_active ON runs (id) WHERE is_active = 1;
