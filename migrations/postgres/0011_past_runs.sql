-- What a run ran, as columns: a quote for a new job looks for completed runs of the same program.
-- Like `badge`, both are derived by the store on every write. The SageMaker SDKs put the entry point in quotation marks.
ALTER TABLE runs ADD COLUMN training_image TEXT COLLATE "C";
ALTER TABLE runs ADD COLUMN entry_point TEXT COLLATE "C";
-- `json` and not `jsonb`, which refuses a NUL anywhere in the request.
UPDATE runs SET
    training_image = request::json #>> '{AlgorithmSpecification,TrainingImage}',
    entry_point = btrim(request::json #>> '{HyperParameters,sagemaker_program}', '"');

-- Only completed runs tell how long a job takes.
CREATE INDEX runs_completed_by_image ON runs (training_image, entry_point, id) WHERE status = 'Completed';
CREATE INDEX runs_completed_spot ON runs (id) WHERE status = 'Completed' AND spot = 1;
