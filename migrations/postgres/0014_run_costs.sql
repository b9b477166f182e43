-- A month's review reads the runs that began in a range of time, with their tags: a column of its own, because parsing
-- every request would take longer than the review may. Derived by the store on every write, like `badge`.
ALTER TABLE runs ADD COLUMN tags TEXT; -- JSON, as in the request
-- `json` and not `jsonb`, which refuses a NUL anywhere in the request.
UPDATE runs SET tags = request::json ->> 'Tags';
CREATE INDEX runs_by_start ON runs (started_at);
