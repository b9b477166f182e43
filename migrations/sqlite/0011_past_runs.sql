-- What a run ran, as columns: a quote for a new job looks for completed runs of the same program.
-- Like `badge`, both are derived by the store on every write. The SageMaker SDKs put the entry point in quotation marks.
ALTER TABLE runs ADD COLUMN training_image TEXT;
ALTER TABLE runs ADD COLUMN entry_point TEXT;
UPDATE runs SET
    training_image = json_extract(request, '$.AlgorithmSpecification.TrainingImage'),
    entry_point = trim(json_extract(request, '$.HyperParameters.sagemaker_program'), '"');

-- Only completed runs tell how long a job takes.
CREATE INDEX runs_completed_by_image ON runs (training_image, entry_point, id) WHERE status = 'Completed';
CREATE INDEX runs_completed_spot ON runs (id) WHERE status = 'Completed' AND spot = 1;
