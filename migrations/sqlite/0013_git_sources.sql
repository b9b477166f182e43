-- Which archive a folder of a git repository became at a commit. A commit never changes, so what was packed once is
-- right for ever, and a repetition asks no git host. Forgotten with its archive.
CREATE TABLE git_sources (
    origin TEXT NOT NULL PRIMARY KEY, -- url@commit:folder
    sha256 TEXT NOT NULL REFERENCES sources (sha256) ON DELETE CASCADE,
    fetched_at INTEGER NOT NULL
) STRICT;

CREATE INDEX git_sources_by_source ON git_sources (sha256);
