-- Every table is STRICT: a value of the wrong type is an error here too, as in PostgreSQL.
-- What the installation knows about itself: its install id, and whatever else is one value per key.
CREATE TABLE settings (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
