-- What pages were told, by a number that survives restarts: a browser resumes where it stopped.
-- The number comes from one counter row, because sequences hand out numbers in the order of asking, not of committing:
-- a reader could see 8 before 7 is committed and never come back for 7. See `crates/store/src/live.rs`.
CREATE TABLE live_counter (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    number BIGINT NOT NULL
);

INSERT INTO live_counter (id, number) VALUES (1, 0);

CREATE TABLE live_events (
    number BIGINT NOT NULL PRIMARY KEY,
    run_id TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    event TEXT NOT NULL -- JSON
);

-- For pruning by age.
CREATE INDEX live_events_by_time ON live_events (at, number);
