-- Requests that were sent under a key, so that a repeated one is not carried out again.
CREATE TABLE kernel_requests (
    id INTEGER PRIMARY KEY NOT NULL,
    actor TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    at INTEGER NOT NULL,
    effective INTEGER NOT NULL DEFAULT 0,
    status INTEGER,
    headers TEXT,
    body BLOB,
    UNIQUE (actor, method, path, key)
);
