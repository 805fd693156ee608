-- What was told to browsers, for those that reconnect.
CREATE TABLE kernel_events (
    seq INTEGER PRIMARY KEY NOT NULL,
    at INTEGER NOT NULL,
    topic TEXT NOT NULL,
    subject TEXT NOT NULL,
    owner TEXT,
    reference TEXT,
    data BLOB
);

-- The highest number that is no longer kept: numbers are never used again.
CREATE TABLE kernel_events_pruned (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL
);
INSERT INTO kernel_events_pruned (id, seq) VALUES (1, 0);
