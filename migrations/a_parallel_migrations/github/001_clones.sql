-- Directories in which clones are being made; one that a server left behind when it was killed is removed later.
CREATE TABLE github_clones (
    id TEXT NOT NULL PRIMARY KEY,
    directory TEXT NOT NULL,
    created_at TEXT NOT NULL
);
