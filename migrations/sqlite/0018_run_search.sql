-- The list of runs is searched, ordered and grouped by any parameter, tag and metric: what was in JSON becomes rows that
-- an index finds, and what a list looks at in every run is an index of its own, because the rows themselves are wide.
ALTER TABLE runs ADD COLUMN archived_at INTEGER; -- null: not archived

-- Everything that a search may ask of a run by itself. Lists leave out archived runs and stand newest first.
CREATE INDEX runs_listed ON runs (
    archived_at, id, badge, experiment, job_name, job_name_key, origin, instance_type, instance_count, spot, created_at,
    started_at, ended_at, training_seconds, billable_seconds, price_nanousd_per_hour
);

-- What is found by parameters, tags and metrics alone needs no more than this, a tenth of the other.
CREATE INDEX runs_by_archived ON runs (archived_at, id);

-- Parameters (`kind` 0) and tags (1, without Trainyard's own). They are settled when a run is recorded, and written then.
CREATE TABLE run_values (
    kind INTEGER NOT NULL,
    key TEXT NOT NULL,
    run_id TEXT NOT NULL REFERENCES runs (id),
    text TEXT NOT NULL,
    number REAL, -- what the text says as a finite number, if it does
    PRIMARY KEY (kind, key, run_id) -- one key of all runs lies together: it is read as a whole
) STRICT, WITHOUT ROWID;
CREATE INDEX run_values_by_number ON run_values (kind, key, number, run_id) WHERE number IS NOT NULL;

-- Which numbers there are is told by JSON's own grammar here; the store knows a few ways more to write one, such as `+1`.
INSERT INTO run_values (kind, key, run_id, text, number)
SELECT 0, it.key, r.id, it.value,
    CASE WHEN json_valid(it.value) THEN
        CASE WHEN json_type(it.value) IN ('integer', 'real') AND abs(CAST(it.value AS REAL)) <= 1.7e308
             THEN CAST(it.value AS REAL) END
    END
FROM runs r, json_each(replace(r.hyperparameters, '\u0000', '\ufffd')) it
WHERE it.type = 'text' AND length(it.key) <= 512;

INSERT INTO run_values (kind, key, run_id, text, number)
SELECT 1, it.key, it.run_id, it.text,
    CASE WHEN json_valid(it.text) THEN
        CASE WHEN json_type(it.text) IN ('integer', 'real') AND abs(CAST(it.text AS REAL)) <= 1.7e308
             THEN CAST(it.text AS REAL) END
    END
FROM (
    SELECT r.id AS run_id, json_extract(tag.value, '$.Key') AS key,
        CASE WHEN json_type(tag.value, '$.Value') = 'text' THEN json_extract(tag.value, '$.Value') ELSE '' END AS text
    FROM runs r, json_each(CASE WHEN json_type(r.tags) = 'array' THEN replace(r.tags, '\u0000', '\ufffd') ELSE '[]' END) tag
    WHERE tag.type = 'object' AND json_type(tag.value, '$.Key') = 'text'
) it
WHERE substr(it.key, 1, 10) <> 'trainyard:' AND length(it.key) <= 512
ON CONFLICT (kind, key, run_id) DO NOTHING;

-- A metric that a run has by several ways counts once: the first by `place`. That of the log of `algo-1` is `0`, before
-- all others, so that it is known to be the first without looking for more.
-- Written by the store: an index cannot stand for a row where a column is computed.
ALTER TABLE series ADD COLUMN place TEXT NOT NULL DEFAULT '';
UPDATE series SET place =
    CASE source WHEN 'log' THEN '0' WHEN 'mlflow' THEN '1' WHEN 'cloud_watch' THEN '2' ELSE '3' END
    || CASE host WHEN 'algo-1' THEN '' WHEN '' THEN '!' ELSE host END;
-- One metric of all runs lies together, with what runs are ordered by.
CREATE INDEX series_by_name ON series (name, run_id, place, last_kind, last_value, min_value, max_value);

-- A team's views of the list: what the page has in its URL, under a name.
CREATE TABLE run_views (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    query TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
