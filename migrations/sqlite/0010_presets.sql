-- Launch forms under names that a team uses again. What was done to one stands in audit, under the preset's id.
CREATE TABLE presets (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    form TEXT NOT NULL, -- JSON
    source_sha256 TEXT, -- the archive that the form needs: it is not pruned
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX presets_by_source ON presets (source_sha256);
