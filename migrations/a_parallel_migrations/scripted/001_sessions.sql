-- Conversations of the scripted agent, so that they can be resumed.
CREATE TABLE scripted_sessions (
    id TEXT PRIMARY KEY,
    turns INTEGER NOT NULL,
    cost REAL NOT NULL
);
