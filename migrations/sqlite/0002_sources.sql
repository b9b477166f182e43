-- Uploaded source archives, addressed by their content: a run names the exact bytes that it was launched with.
-- `bytes` is the last column, so that reading the rest of a row does not read the archive.
CREATE TABLE sources (
    sha256 TEXT NOT NULL PRIMARY KEY,
    file_name TEXT NOT NULL,
    entries TEXT NOT NULL, -- JSON: the archive's members and their sizes
    size_bytes INTEGER NOT NULL,
    created_at INTEGER NOT NULL, -- microseconds since 1970-01-01 UTC, like every time here
    bytes BLOB NOT NULL
) STRICT;
