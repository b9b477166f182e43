-- Launch forms under names that a team uses again. What was done to one stands in audit, under the preset's id.
CREATE TABLE presets (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    form TEXT NOT NULL, -- JSON
    source_sha256 TEXT COLLATE "C", -- the archive that the form needs: it is not pruned
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE INDEX presets_by_source ON presets (source_sha256);
