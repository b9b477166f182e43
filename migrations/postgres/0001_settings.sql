-- Text that is sorted or searched has the collation "C" throughout: the order of bytes, as in SQLite.
-- What the installation knows about itself: its install id, and whatever else is one value per key.
CREATE TABLE settings (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
