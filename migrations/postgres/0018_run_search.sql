-- The list of runs is searched, ordered and grouped by any parameter, tag and metric: what was in JSON becomes rows that
-- an index finds.
ALTER TABLE runs ADD COLUMN archived_at BIGINT; -- null: not archived

-- Lists leave out archived runs and stand newest first.
CREATE INDEX runs_listed ON runs (archived_at, id);

-- Parameters (`kind` 0) and tags (1, without Trainyard's own). They are settled when a run is recorded, and written then.
CREATE TABLE run_values (
    kind BIGINT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    run_id TEXT COLLATE "C" NOT NULL REFERENCES runs (id),
    text TEXT COLLATE "C" NOT NULL,
    number DOUBLE PRECISION, -- what the text says as a finite number, if it does
    PRIMARY KEY (kind, key, run_id)
);
CREATE INDEX run_values_by_number ON run_values (kind, key, number, run_id) WHERE number IS NOT NULL;

-- Numbers with longer exponents than two digits stay texts here; the store, which writes all later rows, takes more.
INSERT INTO run_values (kind, key, run_id, text, number)
SELECT 0, it.key, r.id, it.value,
    CASE WHEN length(it.value) <= 100 AND it.value ~ '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?$'
         THEN it.value::double precision END
FROM runs r, json_each_text(replace(r.hyperparameters, '\u0000', '\ufffd')::json) it
WHERE it.value IS NOT NULL AND length(it.key) <= 512;

INSERT INTO run_values (kind, key, run_id, text, number)
SELECT 1, it.key, it.run_id, it.text,
    CASE WHEN length(it.text) <= 100 AND it.text ~ '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?$'
         THEN it.text::double precision END
FROM (
    SELECT r.id AS run_id, tag.value ->> 'Key' AS key,
        CASE WHEN json_typeof(tag.value -> 'Value') = 'string' THEN tag.value ->> 'Value' ELSE '' END AS text
    FROM runs r, json_array_elements(
        CASE WHEN json_typeof(r.tags::json) = 'array' THEN replace(r.tags, '\u0000', '\ufffd')::json ELSE '[]'::json END
    ) tag
    WHERE json_typeof(tag.value) = 'object' AND json_typeof(tag.value -> 'Key') = 'string'
) it
WHERE substr(it.key, 1, 10) <> 'trainyard:' AND length(it.key) <= 512
ON CONFLICT (kind, key, run_id) DO NOTHING;

-- A metric that a run has by several ways counts once: the first by `place`. That of the log of `algo-1` is `0`, before
-- all others, so that it is known to be the first without looking for more.
-- Written by the store: an index cannot stand for a row where a column is computed.
ALTER TABLE series ADD COLUMN place TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE series SET place =
    CASE source WHEN 'log' THEN '0' WHEN 'mlflow' THEN '1' WHEN 'cloud_watch' THEN '2' ELSE '3' END
    || CASE host WHEN 'algo-1' THEN '' WHEN '' THEN '!' ELSE host END;
-- One metric of all runs lies together. The values are not in it: they change with every batch of points.
CREATE INDEX series_by_name ON series (name, run_id, place);

-- A team's views of the list: what the page has in its URL, under a name.
CREATE TABLE run_views (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    query TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
