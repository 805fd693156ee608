-- Threads whose run waits for its turn, oldest first. What the agent is to be told is in agents_outbox.
CREATE TABLE agents_queue (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    thread_id TEXT NOT NULL UNIQUE REFERENCES threads(id) ON DELETE CASCADE,
    status_before TEXT NOT NULL,
    allowed_tools TEXT,
    disallowed_tools TEXT,
    since TEXT NOT NULL
);
