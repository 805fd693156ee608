-- The data directory that the identifier in the marker belongs to: a copied directory must not claim the processes
-- of the original one.
CREATE TABLE hosts_directory (
    id TEXT NOT NULL PRIMARY KEY,
    path TEXT NOT NULL,
    inode TEXT NOT NULL
);

-- Children that run. A process is the same one only if pid and start time are both the same.
CREATE TABLE hosts_processes (
    launch TEXT NOT NULL PRIMARY KEY,
    server TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started TEXT NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    terminal INTEGER NOT NULL,
    program TEXT NOT NULL,
    created_at TEXT NOT NULL
);
